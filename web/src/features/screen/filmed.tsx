import { VideoCameraOutlined } from "@ant-design/icons";
import { Tag } from "antd";
import { useTranslation } from "react-i18next";
import type { PlayerState } from "../../player/player.ts";

/** Tells whoever looks at a screen that it is filmed. */
export function Filmed({ state }: { readonly state: PlayerState | null }) {
  const { t } = useTranslation();
  if (!state?.filmed) return null;
  return (
    <Tag
      color="error"
      icon={<VideoCameraOutlined />}
      role="status"
      title={t("screen.filmedHint")}
      data-testid="filmed"
    >
      {t("screen.filmed")}
    </Tag>
  );
}

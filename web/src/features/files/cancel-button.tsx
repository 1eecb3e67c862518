import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { visible } from "../../ui/visible.ts";

interface CancelButtonProps {
  /** Of the file that is on its way. */
  readonly name: string;
  onCancel(): void;
}

/** Has a file that is on its way come no further. */
export function CancelButton({ name, onCancel }: CancelButtonProps) {
  const { t } = useTranslation();
  return (
    <Button
      size="small"
      type="link"
      aria-label={`${t("app.cancel")}: ${visible(name).slice(0, 80)}`}
      onClick={onCancel}
    >
      {t("app.cancel")}
    </Button>
  );
}

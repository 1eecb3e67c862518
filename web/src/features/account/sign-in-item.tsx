import { Button, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { useFormats } from "../../ui/use-formats.ts";
import { clientName } from "./client-name.ts";

interface SignIn {
  readonly client: string | null;
  readonly address: string;
  readonly lastUsedAt: string;
}

/** One place where somebody is signed in, which can be ended unless it is the reader's own. */
export function SignInItem({
  signIn: { client, address, lastUsedAt },
  isOwn = false,
  onEnd,
}: {
  readonly signIn: SignIn;
  readonly isOwn?: boolean;
  readonly onEnd: () => void;
}) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const name = client === null ? t("account.unknownClient") : clientName(client);
  return (
    <li>
      <bdi className="name" title={client ?? undefined}>
        {name}
      </bdi>
      {isOwn ? (
        <Tag color="success">{t("account.thisOne")}</Tag>
      ) : (
        <Button
          size="small"
          aria-label={`${t("account.end")}: ${client === null ? address : name}`}
          onClick={onEnd}
        >
          {t("account.end")}
        </Button>
      )}
      <span className="faint">
        {address} · {time(lastUsedAt)}
      </span>
    </li>
  );
}

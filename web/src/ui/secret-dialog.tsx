import { Alert, Button } from "antd";
import type { PropsWithChildren } from "react";
import { useTranslation } from "react-i18next";
import { CopyText } from "./copy-text.tsx";
import { Dialog } from "./dialog.tsx";

interface SecretDialogProps {
  readonly title: string;
  /** Why it is to be kept now. */
  readonly warning: string;
  readonly secret: string;
  onClose(): void;
}

/** Shows what is shown this once, until the reader says that they have it. Children stand above it. */
export function SecretDialog(props: PropsWithChildren<SecretDialogProps>) {
  const { t } = useTranslation();
  const { title, warning, secret, onClose, children } = props;
  return (
    <Dialog
      title={title}
      closable={false}
      footer={
        <Button type="primary" onClick={onClose}>
          {t("keys.noted")}
        </Button>
      }
    >
      <Alert type="warning" showIcon title={warning} className="above" />
      {children}
      <CopyText isBlock text={secret} label={title} />
    </Dialog>
  );
}

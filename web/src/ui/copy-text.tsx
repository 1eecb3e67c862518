import { CheckOutlined, CopyOutlined } from "@ant-design/icons";
import { Button, Tooltip } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";

interface CopyTextProps {
  readonly text: string;
  /** What it is, for whoever can't see the button. */
  readonly label: string;
  readonly isBlock?: boolean;
}

const saidMs = 2000;

/** A command or a key to be taken elsewhere, and a button that copies it. */
export function CopyText({ text, label, isBlock = false }: CopyTextProps) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    if (!(await copyToClipboard(text))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), saidMs);
  };
  const hint = t(isCopied ? "app.copied" : "app.copy");
  return (
    <span className={isBlock ? "copy block" : "copy"}>
      <code tabIndex={isBlock ? 0 : -1}>{text}</code>
      <Tooltip title={hint}>
        <Button
          type="text"
          size="small"
          icon={isCopied ? <CheckOutlined /> : <CopyOutlined />}
          aria-label={`${hint}: ${label}`}
          onClick={() => void copy()}
        />
      </Tooltip>
    </span>
  );
}

/** False where the browser has no clipboard to give: pages without HTTPS. The text can be marked by hand there. */
async function copyToClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

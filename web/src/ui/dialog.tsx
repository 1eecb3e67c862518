import { Modal, type ModalProps } from "antd";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

/** Where the focus was before the first dialog opened: one dialog may take another's place. */
let opener: Element | null = null;

function noteOpener(): void {
  const { activeElement } = document;
  if (activeElement && !activeElement.closest(".ant-modal-root")) opener = activeElement;
}

/** The focus goes back to what opened the dialog; where that is gone, to the page. */
function returnFocus(): void {
  const back = opener?.isConnected ? opener : document.getElementById("main");
  if (back instanceof HTMLElement) back.focus();
}

/** A dialog for as long as it is drawn. It keeps the focus inside, and gives it back at its end. */
export function Dialog(props: Omit<ModalProps, "open">) {
  const { t } = useTranslation();
  noteOpener();
  useEffect(() => returnFocus, []);
  return <Modal open cancelText={t("app.cancel")} {...props} />;
}

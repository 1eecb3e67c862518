import type { UseMutationResult } from "@tanstack/react-query";
import { Form, Input } from "antd";
import type { PropsWithChildren, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "./dialog.tsx";

interface FormDialogProps<Wish> {
  readonly title: string;
  /** On the button that does it; the title, where nothing else is said. */
  readonly doText?: string;
  /** What is done with what was filled in. */
  readonly act: Pick<UseMutationResult<unknown, Error, Wish>, "mutate" | "isPending">;
  readonly initial?: Partial<Wish>;
  /** It takes something away. */
  readonly isDanger?: boolean;
  /** Only to be looked at. */
  readonly isFixed?: boolean;
  readonly width?: number;
  /** Above the fields. */
  readonly lead?: ReactNode;
  /** Beside the button that does it. */
  readonly other?: ReactNode;
  onClose(): void;
}

/** Asks for a few things and does something with them. Its children are the fields. */
export function FormDialog<Wish extends object>(props: PropsWithChildren<FormDialogProps<Wish>>) {
  const { title, doText = title, act, initial, isDanger = false, isFixed = false } = props;
  const [form] = Form.useForm<Wish>();
  return (
    <Dialog
      title={<bdi>{title}</bdi>}
      okText={doText}
      okButtonProps={{ danger: isDanger, disabled: isFixed }}
      confirmLoading={act.isPending}
      {...(props.width !== undefined && { width: props.width })}
      {...(props.other !== undefined && {
        footer: (buttons) => (
          <>
            {props.other}
            {buttons}
          </>
        ),
      })}
      onOk={() => form.submit()}
      onCancel={props.onClose}
    >
      {props.lead}
      <Form<Wish>
        form={form}
        layout="vertical"
        requiredMark={false}
        disabled={isFixed}
        {...(initial && { initialValues: initial })}
        onFinish={(wish) => act.mutate(wish)}
      >
        {props.children}
        {/* Enter does it, from any field. */}
        <button type="submit" hidden />
      </Form>
    </Dialog>
  );
}

const most = 300;

/** Why somebody does it: what the audit log keeps of them. */
export function ReasonField({ least = 1, isFirst = false }: { least?: number; isFirst?: boolean }) {
  const { t } = useTranslation();
  const message = t(least > 1 ? "sagas.reasonNeeded" : "signIn.needed");
  const rule = { required: true, whitespace: true, min: least, max: most, message };
  return (
    <Form.Item name="reason" label={t("orders.reason")} rules={[rule]}>
      <Input maxLength={most} autoFocus={isFirst} />
    </Form.Item>
  );
}

import EyeInvisibleOutlined from "@ant-design/icons-svg/es/asn/EyeInvisibleOutlined";
import EyeOutlined from "@ant-design/icons-svg/es/asn/EyeOutlined";
import LoadingOutlined from "@ant-design/icons-svg/es/asn/LoadingOutlined";
import { Navigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, type InputHTMLAttributes, type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { refusalOf } from "../api.ts";
import { signIn } from "../sign-in.ts";
import { Icon } from "../ui/icon.tsx";
import { LanguageChoice } from "../ui/language-choice.tsx";
import { Panel } from "../ui/panel.tsx";
import { useRefusalWords } from "../ui/use-refusal-words.ts";
import { useUser } from "../ui/use-user.ts";

/** The first that anybody sees, of plain elements as the page behind it: Ant Design's form would be as much again to load. */
export function SignInPage() {
  const { to = "/" } = useSearch({ from: "/sign-in" });
  const { t } = useTranslation();
  const user = useUser();
  const { enter, trouble, wrong, isBusy } = useEntrance();
  const [isShown, setShown] = useState(false);
  if (user) return <Navigate to={to} replace />;
  return (
    <div className="sign-in">
      <title>{t("app.name")}</title>
      <div className="corner">
        <LanguageChoice />
      </div>
      <Panel>
        <h1>{t("app.name")}</h1>
        <form className="entrance" noValidate onSubmit={enter}>
          <Field
            label={t("signIn.email")}
            trouble={wrong.email}
            {...{ name: "email", type: "email", autoComplete: "username", autoFocus: true }}
          />
          <Field
            label={t("signIn.password")}
            trouble={wrong.password}
            {...{ name: "password", type: isShown ? "text" : "password" }}
            autoComplete="current-password"
          >
            <button
              type="button"
              className="button text"
              aria-label={t(isShown ? "signIn.hide" : "signIn.show")}
              aria-pressed={isShown}
              onClick={() => setShown(!isShown)}
            >
              <Icon of={isShown ? EyeOutlined : EyeInvisibleOutlined} />
            </button>
          </Field>
          {trouble && (
            <p className="trouble" role="alert">
              {trouble}
            </p>
          )}
          <button type="submit" className="button primary" aria-busy={isBusy} disabled={isBusy}>
            {isBusy && <Icon of={LoadingOutlined} />}
            {t("signIn.submit")}
          </button>
        </form>
      </Panel>
    </div>
  );
}

/** What is wrong with what was typed, by the field. */
type Wrong = Readonly<Partial<Record<"email" | "password", string>>>;

/** Signs in with what a form has, and tells why not. */
function useEntrance() {
  const { t } = useTranslation();
  const words = useRefusalWords();
  const [trouble, setTrouble] = useState<string | null>(null);
  const [wrong, setWrong] = useState<Wrong>({});
  const [isBusy, setBusy] = useState(false);
  const enter = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (isBusy) return;
    const form = event.currentTarget;
    const [email, password] = ["email", "password"].map(
      (name) => form.elements.namedItem(name) as HTMLInputElement,
    ) as [HTMLInputElement, HTMLInputElement];
    const address = email.value.trim();
    const found: Wrong = {
      ...(email.validity.typeMismatch && { email: t("signIn.emailWrong") }),
      ...(address === "" && { email: t("signIn.needed") }),
      ...(password.value === "" && { password: t("signIn.needed") }),
    };
    setWrong(found);
    setTrouble(null);
    if (found.email !== undefined) return email.focus();
    if (found.password !== undefined) return password.focus();
    setBusy(true);
    signIn
      .signIn(address, password.value)
      .catch((error: unknown) => {
        const isWrong = refusalOf(error).code === "unauthenticated";
        setTrouble(isWrong ? t("signIn.wrong") : words(error));
      })
      .finally(() => setBusy(false));
  };
  return { enter, trouble, wrong, isBusy };
}

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string;
  readonly trouble: string | undefined;
  /** Inside the field, at its end. */
  readonly children?: ReactNode;
}

function Field({ label, trouble, children, ...input }: FieldProps) {
  const id = useId();
  return (
    <div className="entry">
      <label htmlFor={id}>{label}</label>
      <span className="entry-box">
        <input
          id={id}
          {...input}
          aria-invalid={trouble !== undefined}
          {...(trouble !== undefined && { "aria-describedby": `${id}-trouble` })}
        />
        {children}
      </span>
      {trouble !== undefined && (
        <span id={`${id}-trouble`} className="bad" role="alert">
          {trouble}
        </span>
      )}
    </div>
  );
}

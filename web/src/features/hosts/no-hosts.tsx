import { useTranslation } from "react-i18next";
import { EnrolHost } from "./enrol-host.tsx";
import { Panel } from "../../ui/panel.tsx";

/** What an operator without a host does first. */
export function NoHosts() {
  const { t } = useTranslation();
  return (
    <Panel className="first-steps">
      <h2>{t("hosts.none")}</h2>
      <ol>
        {(["machine", "command", "phones"] as const).map((step) => (
          <li key={step}>
            <h3>{t(`hosts.first.${step}`)}</h3>
            <p>{t(`hosts.first.${step}Hint`)}</p>
            {step === "command" && <EnrolHost />}
          </li>
        ))}
      </ol>
    </Panel>
  );
}

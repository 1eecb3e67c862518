import { useNavigate, useSearch } from "@tanstack/react-router";
import { Select } from "antd";
import { useTranslation } from "react-i18next";
import { Acts } from "../features/audit/acts.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { SearchBox } from "../ui/search-box.tsx";

const areas = [
  "accounts",
  "quotas",
  "roles",
  "hosts",
  "devices",
  "sessions",
  "orders",
  "wallet",
  "plans",
  "sagas",
  "deadLetters",
  "projections",
  "apps",
  "pools",
  "listeners",
] as const;

/** What was done by people who may do more than customers. */
export function AuditPage() {
  const { t } = useTranslation();
  const { q: by, state: act } = useSearch({ from: "/signed-in/audit" });
  const navigate = useNavigate();
  const go = (next: { q?: string | undefined; state?: string | undefined }): void => {
    const { q = by, state = act } = next;
    void navigate({ to: "/audit", search: { ...(q && { q }), ...(state && { state }) } });
  };
  return (
    <PageFrame title={t("nav.audit")} lead={t("audit.lead")}>
      <div className="filters">
        <SearchBox label={t("audit.byWhom")} value={by ?? ""} onChange={(q) => go({ q })} />
        <Select
          className="areas"
          aria-label={t("audit.act")}
          value={act ?? ""}
          onChange={(state) => go({ state })}
          options={[
            { value: "", label: t("audit.anyAct") },
            ...areas.map((value) => ({ value, label: t(`audit.area.${value}`) })),
          ]}
        />
      </div>
      <Acts filter={{ ...(by && { by }), ...(act && { act }) }} />
    </PageFrame>
  );
}

import { Tag, type TableProps } from "antd";
import { useTranslation } from "react-i18next";
import { api, type AuditEntry } from "../../api.ts";
import { Rows } from "../../ui/rows.tsx";
import { useFormats } from "../../ui/use-formats.ts";

export interface ActsFilter {
  /** An e-mail address, whole. */
  readonly by?: string;
  readonly act?: string;
}

/** Who did what, when, why, and what came of it; newest first. */
export function Acts({ filter }: { readonly filter: ActsFilter }) {
  const { t } = useTranslation();
  const { by, act } = filter;
  return (
    <Rows<AuditEntry>
      label={t("nav.audit")}
      queryKey={["audit.list", by, act]}
      size={50}
      isStacked
      page={(after, limit) =>
        api.audit.list.query({
          limit,
          ...(after && { before: after.id }),
          ...(by && { by }),
          ...(act && { act }),
        })
      }
      rowKey={({ id }) => id}
      empty={t("audit.none")}
      columns={useColumns()}
    />
  );
}

function useColumns(): NonNullable<TableProps<AuditEntry>["columns"]> {
  const { t } = useTranslation();
  const { time } = useFormats();
  return [
    { title: t("list.time"), width: 180, render: (_, { at }) => time(at) },
    {
      title: t("audit.what"),
      width: 230,
      render: (_, { act, by, keyId }) => (
        <span className="two-lines">
          <bdi title={act}>{t(`act.${act}` as "act.hosts.drain", { defaultValue: act })}</bdi>
          <bdi className="faint">
            {by}
            {keyId !== null && ` · ${t("audit.withKey")}`}
          </bdi>
        </span>
      ),
    },
    {
      title: t("audit.on"),
      responsive: ["md"],
      render: (_, { asked }) => <On asked={asked} />,
    },
    {
      title: t("orders.reason"),
      responsive: ["lg"],
      render: (_, entry) => <bdi>{reasonOf(entry)}</bdi>,
    },
    { title: t("audit.outcome"), width: 180, render: (_, entry) => <Outcome entry={entry} /> },
  ];
}

function Outcome({ entry: { outcome, refusal } }: { readonly entry: AuditEntry }) {
  const { t } = useTranslation();
  if (outcome === "ok") return <Tag color="success">{t("audit.done")}</Tag>;
  if (outcome === null) return <Tag color="warning">{t("audit.unknown")}</Tag>;
  return (
    <span className="two-lines">
      <span>
        <Tag color="error" title={outcome}>
          {t("audit.refused")}
        </Tag>
      </span>
      <bdi className="faint">{refusal ?? outcome}</bdi>
    </span>
  );
}

const shownText = 120;

/** What was asked for, but for the reason, in as few words as tell it. */
function On({ asked }: { readonly asked: unknown }) {
  const parts = Object.entries(asObject(asked)).filter(
    ([name, value]) => name !== "reason" && value !== null,
  );
  return (
    <span className="two-lines">
      {parts.map(([name, value]) => (
        <bdi key={name}>
          <span className="faint">{name}</span> {textOf(value).slice(0, shownText)}
        </bdi>
      ))}
    </span>
  );
}

const asObject = (asked: unknown): Record<string, unknown> =>
  typeof asked === "object" && asked !== null ? (asked as Record<string, unknown>) : {};
const textOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);
const reasonOf = ({ asked }: AuditEntry): string => {
  const { reason } = asObject(asked);
  return typeof reason === "string" ? reason : "";
};

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Table, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { api, type ConsumerInfo } from "../api.ts";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useFormats } from "../ui/use-formats.ts";

const refreshMs = 2000;
/** Behind by more than this is worth a look. */
const muchLag = 1000;

/** Who reads the log, how far behind and how fast. */
export function ConsumersPage() {
  const { t } = useTranslation();
  const { number } = useFormats();
  const consumers = useQuery({
    queryKey: ["consumers.list"],
    queryFn: () => api.consumers.list.query(),
    refetchInterval: refreshMs,
  });
  return (
    <PageFrame title={t("nav.consumers")} lead={t("consumers.lead")}>
      <Answer query={consumers}>
        {(found) => (
          <div className="rows" role="region" aria-label={t("nav.consumers")}>
            <Table<ConsumerInfo>
              size="small"
              pagination={false}
              dataSource={found}
              rowKey={({ name }) => name}
              columns={[
                { title: t("consumers.name"), dataIndex: "name" },
                {
                  title: t("consumers.lag"),
                  align: "right",
                  render: (_, { lag }) => (
                    <Tag color={lag > muchLag ? "warning" : "success"}>{number(lag)}</Tag>
                  ),
                },
                {
                  title: t("consumers.rate"),
                  align: "right",
                  responsive: ["sm"],
                  render: (_, { ratePerSecond }) => number(ratePerSecond, 1),
                },
                {
                  title: t("consumers.position"),
                  align: "right",
                  responsive: ["md"],
                  render: (_, { position }) => number(position),
                },
                {
                  title: t("consumers.parked"),
                  align: "right",
                  render: (_, { parked, dead }) =>
                    parked === 0 ? 0 : <Link to="/dead-letters">{`${parked} (${dead})`}</Link>,
                },
              ]}
            />
          </div>
        )}
      </Answer>
    </PageFrame>
  );
}

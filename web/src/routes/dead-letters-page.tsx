import { useQuery } from "@tanstack/react-query";
import { Button, Empty, Table, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type DeadLetter } from "../api.ts";
import { DeadLetterDetail } from "../features/events/dead-letter.tsx";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useFormats } from "../ui/use-formats.ts";

const mostShown = 500;
const colours: Record<DeadLetter["state"], string> = {
  retrying: "processing",
  waiting: "default",
  dead: "error",
};

/** Events that could not be handled: why, and what is to become of them. */
export function DeadLettersPage() {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<DeadLetter | null>(null);
  const letters = useQuery({
    queryKey: ["deadLetters.list"],
    queryFn: () => api.deadLetters.list.query({ limit: mostShown }),
    refetchInterval: 5000,
  });
  return (
    <PageFrame title={t("nav.deadLetters")} lead={t("deadLetters.lead")}>
      <Answer query={letters}>
        {(found) =>
          found.length === 0 ? (
            <div className="empty">
              <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("deadLetters.none")} />
            </div>
          ) : (
            <LetterTable letters={found} onOpen={setChosen} />
          )
        }
      </Answer>
      {chosen && <DeadLetterDetail letter={chosen} onClose={() => setChosen(null)} />}
    </PageFrame>
  );
}

interface LetterTableProps {
  readonly letters: readonly DeadLetter[];
  onOpen(letter: DeadLetter): void;
}

function LetterTable({ letters, onOpen }: LetterTableProps) {
  const { t } = useTranslation();
  const { time } = useFormats();
  return (
    <div className="rows" role="region" aria-label={t("nav.deadLetters")}>
      <Table<DeadLetter>
        size="small"
        pagination={letters.length > 50 && { pageSize: 50, showSizeChanger: false }}
        dataSource={letters}
        rowKey={({ consumer, position }) => `${consumer} ${position}`}
        columns={[
          {
            title: t("events.type"),
            render: (_, { type, consumer }) => (
              <div className="two-lines">
                <span>{type}</span>
                <span className="faint">{consumer}</span>
              </div>
            ),
          },
          {
            title: t("list.state"),
            render: (_, { state, attempts }) => (
              <Tag color={colours[state]}>
                {t(`deadLetters.state.${state}`)} ({attempts})
              </Tag>
            ),
          },
          {
            title: t("deadLetters.error"),
            responsive: ["md"],
            render: (_, { error }) => <bdi>{error?.slice(0, 300)}</bdi>,
          },
          {
            title: t("list.time"),
            responsive: ["lg"],
            render: (_, { parkedAt }) => time(parkedAt),
          },
          {
            title: <span className="unseen">{t("list.actions")}</span>,
            align: "right",
            render: (_, letter) => (
              <Button
                size="small"
                aria-label={`${t("deadLetters.look")}: ${letter.type} ${letter.position}`}
                onClick={() => onOpen(letter)}
              >
                {t("deadLetters.look")}
              </Button>
            ),
          },
        ]}
      />
    </div>
  );
}

import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type SagaDetail } from "../../api.ts";
import { FormDialog, ReasonField } from "../../ui/form-dialog.tsx";
import { useAct } from "../../ui/use-act.ts";

const wishes = ["retry", "compensate"] as const;
type Wish = (typeof wishes)[number];

/** What a person may have a saga do from where it stands; nothing of one that has ended. */
export function Intervene({ saga: { id, possible } }: { readonly saga: SagaDetail }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<Wish | null>(null);
  return (
    <>
      {wishes
        .filter((wish) => possible[wish])
        .map((wish) => (
          <Button key={wish} danger={wish === "compensate"} onClick={() => setAsked(wish)}>
            {t(`sagas.wish.${wish}`)}
          </Button>
        ))}
      {asked !== null && <Ask id={id} wish={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

interface AskProps {
  readonly id: string;
  readonly wish: Wish;
  onClose(): void;
}

function Ask({ id, wish, onClose }: AskProps) {
  const { t } = useTranslation();
  const act = useAct(
    ({ reason }: { reason: string }, idempotencyKey) =>
      api.sagas[wish].mutate({ id, reason, idempotencyKey }),
    {
      changes: ["sagas.", "events.", "orders.", "audit."],
      done: t(`sagas.wishDone.${wish}`),
      onDone: onClose,
    },
  );
  return (
    <FormDialog
      title={t(`sagas.wish.${wish}`)}
      act={act}
      isDanger={wish === "compensate"}
      lead={<p>{t(`sagas.wishMeans.${wish}`)}</p>}
      onClose={onClose}
    >
      <ReasonField least={3} isFirst />
    </FormDialog>
  );
}

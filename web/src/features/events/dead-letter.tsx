import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type DeadLetter } from "../../api.ts";
import { useAct } from "../../ui/use-act.ts";
import { useFormats } from "../../ui/use-formats.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Dialog } from "../../ui/dialog.tsx";

interface DeadLetterProps {
  readonly letter: DeadLetter;
  onClose(): void;
}

const shortestReason = 3;

/** One event that could not be handled, with all that is known of it; tried again or given up here. */
export function DeadLetterDetail({ letter, onClose }: DeadLetterProps) {
  const { t } = useTranslation();
  const { consumer, position } = letter;
  const place = { consumer, position };
  const [reason, setReason] = useState("");
  const options = { changes: ["deadLetters.", "consumers."], onDone: onClose };
  const replay = useAct((_wish: null) => api.deadLetters.replay.mutate(place), {
    ...options,
    done: t("deadLetters.replayed"),
  });
  const discard = useAct(
    (why: string) => api.deadLetters.discard.mutate({ ...place, reason: why }),
    { ...options, done: t("deadLetters.discarded") },
  );
  return (
    <Dialog
      width={720}
      title={letter.type}
      onCancel={onClose}
      footer={
        <Button type="primary" loading={replay.isPending} onClick={() => replay.mutate(null)}>
          {t("deadLetters.replay")}
        </Button>
      }
    >
      <Known letter={letter} />
      {letter.state === "dead" && (
        <div className="discard">
          <Input
            value={reason}
            maxLength={500}
            aria-label={t("deadLetters.reason")}
            placeholder={t("deadLetters.reason")}
            onChange={({ target }) => setReason(target.value)}
          />
          <Button
            danger
            disabled={reason.trim().length < shortestReason}
            loading={discard.isPending}
            onClick={() => discard.mutate(reason.trim())}
          >
            {t("deadLetters.discard")}
          </Button>
        </div>
      )}
    </Dialog>
  );
}

function Known({ letter: { consumer, position } }: { readonly letter: DeadLetter }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const { data } = useQuery({
    queryKey: ["deadLetters.show", consumer, position],
    queryFn: () => api.deadLetters.show.query({ consumer, position }),
  });
  if (!data) return <Skeleton />;
  return (
    <>
      {data.letter?.error && (
        <Alert type="error" className="above" title={<bdi>{data.letter.error}</bdi>} />
      )}
      {data.letter && data.letter.waitingBehind > 0 && (
        <p>{t("deadLetters.behind", { count: data.letter.waitingBehind })}</p>
      )}
      <pre className="json" tabIndex={0}>
        {JSON.stringify(data.event, null, 2)}
      </pre>
      <ul className="items">
        {data.history.map(({ at, action, by, reason }) => (
          <li key={at}>
            <bdi>
              {time(at)} · {t(`deadLetters.action.${action}`)} · {by}
            </bdi>
            {reason !== null && <bdi className="faint">{reason}</bdi>}
          </li>
        ))}
      </ul>
    </>
  );
}

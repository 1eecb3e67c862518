import { useQuery } from "@tanstack/react-query";
import { Button, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { useAct } from "../../ui/use-act.ts";
import { useFormats } from "../../ui/use-formats.ts";

/** Where the reader is signed in; each of it can be ended. */
export function SignIns() {
  const { t } = useTranslation();
  const { time } = useFormats();
  const signIns = useQuery({
    queryKey: ["signIns.list"],
    queryFn: () => api.signIns.list.query({}),
  });
  const end = useAct((signInId: string) => api.signIns.end.mutate({ signInId }), {
    changes: ["signIns."],
  });
  const endOthers = useAct((_wish: null) => api.signIns.endOthers.mutate({}), {
    changes: ["signIns."],
  });
  return (
    <Answer query={signIns} lines={3}>
      {(found) => (
        <>
          <ul className="items">
            {found.map(({ signInId, client, address, lastUsedAt, current }) => (
              <li key={signInId}>
                <bdi className="name" title={client ?? undefined}>
                  {client ?? t("account.unknownClient")}
                </bdi>
                {current ? (
                  <Tag color="success">{t("account.thisOne")}</Tag>
                ) : (
                  <Button
                    size="small"
                    aria-label={`${t("account.end")}: ${client ?? address}`}
                    onClick={() => end.mutate(signInId)}
                  >
                    {t("account.end")}
                  </Button>
                )}
                <span className="faint">
                  {address} · {time(lastUsedAt)}
                </span>
              </li>
            ))}
          </ul>
          <Button
            disabled={found.length < 2}
            loading={endOthers.isPending}
            onClick={() => endOthers.mutate(null)}
          >
            {t("account.endOthers")}
          </Button>
        </>
      )}
    </Answer>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { type Account, api } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { Panel } from "../../ui/panel.tsx";
import { useAct } from "../../ui/use-act.ts";
import { useFormats } from "../../ui/use-formats.ts";

/** Where somebody is signed in; each of it can be ended from here, with what was opened under it. */
export function UserSignIns({ account: { email } }: { readonly account: Account }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const signIns = useQuery({
    queryKey: ["signIns.list", email],
    queryFn: () => api.signIns.list.query({ account: email }),
  });
  const end = useAct((signInId: string) => api.signIns.end.mutate({ signInId, account: email }), {
    changes: ["signIns.", "audit."],
  });
  return (
    <Panel title={t("person.signIns")}>
      <Answer query={signIns} lines={3}>
        {(found) =>
          found.length === 0 ? (
            <p className="faint">{t("person.signInsNone")}</p>
          ) : (
            <ul className="items">
              {found.map(({ signInId, client, address, lastUsedAt }) => (
                <li key={signInId}>
                  <bdi className="name" title={client ?? undefined}>
                    {client ?? t("account.unknownClient")}
                  </bdi>
                  <Button
                    size="small"
                    aria-label={`${t("account.end")}: ${client ?? address}`}
                    onClick={() => end.mutate(signInId)}
                  >
                    {t("account.end")}
                  </Button>
                  <span className="faint">
                    {address} · {time(lastUsedAt)}
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
    </Panel>
  );
}

import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type Account, api } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { Panel } from "../../ui/panel.tsx";
import { useAct } from "../../ui/use-act.ts";
import { SignInItem } from "../account/sign-in-item.tsx";

/** Where somebody is signed in; each of it can be ended from here, with what was opened under it. */
export function UserSignIns({ account: { email } }: { readonly account: Account }) {
  const { t } = useTranslation();
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
              {found.map((signIn) => (
                <SignInItem
                  key={signIn.signInId}
                  signIn={signIn}
                  onEnd={() => end.mutate(signIn.signInId)}
                />
              ))}
            </ul>
          )
        }
      </Answer>
    </Panel>
  );
}

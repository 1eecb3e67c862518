import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { useAct } from "../../ui/use-act.ts";
import { SignInItem } from "./sign-in-item.tsx";

/** Where the reader is signed in; each of it can be ended. */
export function SignIns() {
  const { t } = useTranslation();
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
            {found.map((signIn) => (
              <SignInItem
                key={signIn.signInId}
                signIn={signIn}
                isOwn={signIn.current}
                onEnd={() => end.mutate(signIn.signInId)}
              />
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

import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { Empty } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Device } from "../api.ts";
import { Wall } from "../features/wall/wall.tsx";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useUser } from "../ui/use-user.ts";
import { parseWithoutEval } from "../zod-without-eval.ts";

parseWithoutEval();

/** As many live screens at once as one person's sessions allow, with some left for phones that they open beside it. */
const mostTiles = 12;

/** Many live screens at once: the chosen phones, or the first that run. */
export function WallPage() {
  const { t } = useTranslation();
  const { id = "" } = useSearch({ from: "/signed-in/wall" });
  const chosen = id.split(",").filter((one) => one !== "");
  const devices = useRunning(chosen);
  return (
    <PageFrame title={t("nav.wall")} lead={t("wall.lead", { count: mostTiles })}>
      <Answer query={devices}>
        {(found) =>
          found.length === 0 ? (
            <Empty description={t("apps.noPhone")} />
          ) : (
            <Wall devices={found.slice(0, mostTiles)} />
          )
        }
      </Answer>
    </PageFrame>
  );
}

function useRunning(chosen: readonly string[]) {
  const isCustomer = useUser()?.role === "customer";
  return useQuery({
    queryKey: ["devices.wall", ...chosen],
    queryFn: async (): Promise<Device[]> => {
      if (chosen.length > 0) {
        const ids = chosen.slice(0, mostTiles);
        return Promise.all(ids.map((device) => api.devices.show.query({ device })));
      }
      if (!isCustomer) return api.devices.page.query({ state: "running", limit: mostTiles });
      return (await api.devices.list.query()).filter(({ state }) => state === "running");
    },
  });
}

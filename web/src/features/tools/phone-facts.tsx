import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { answerOf, newKey } from "./command.ts";

/** As much of `device.inspect.completed` as is shown. */
interface Inspected {
  readonly android: string;
  readonly sdk: number;
  readonly model: string;
  readonly screen: { readonly width: number; readonly height: number; readonly dpi: number };
  readonly locale: string | null;
  readonly timeZone: string | null;
  readonly proxy: { readonly host: string; readonly port: number } | null;
}

/** What a phone says of itself. */
export function PhoneFacts({ deviceId }: { readonly deviceId: string }) {
  const { t } = useTranslation();
  const facts = useQuery({
    queryKey: ["phone.facts", deviceId],
    queryFn: async () => {
      const wish = { device: deviceId, ...newKey() };
      return (await answerOf(api.devices.inspect.mutate(wish))) as unknown as Inspected;
    },
  });
  return (
    <Answer query={facts} lines={3}>
      {({ model, android, sdk, screen, locale, timeZone, proxy }) => (
        <dl className="facts-list">
          {(
            [
              ["model", model],
              ["android", `${android} (API ${sdk})`],
              ["screen", `${screen.width} × ${screen.height}, ${screen.dpi} dpi`],
              ["locale", locale ?? "–"],
              ["timeZone", timeZone ?? "–"],
              ["proxy", proxy ? `${proxy.host}:${proxy.port}` : "–"],
            ] as const
          ).map(([name, value]) => (
            <div key={name}>
              <dt>{t(`tools.fact.${name}`)}</dt>
              <dd>
                <bdi>{value}</bdi>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Answer>
  );
}

import { Tabs } from "antd";
import { type ComponentType, lazy, type ReactNode, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Device } from "../../api.ts";
import { Skeleton } from "../../ui/skeleton.tsx";

interface PhoneSideProps {
  readonly device: Device;
  /** What belongs to the screen: it stays there whatever else is looked at. */
  readonly children: ReactNode;
}

type Tool = ComponentType<{ readonly deviceId: string }>;

/** What a phone can be worked on with, each loaded when it is first wanted. */
const tools = {
  shell: lazy(async () => ({ default: (await import("../shell/phone-shell.tsx")).PhoneShell })),
  log: lazy(async () => ({ default: (await import("../log/phone-log.tsx")).PhoneLog })),
  files: lazy(async () => ({ default: (await import("../files/phone-files.tsx")).PhoneFiles })),
  share: lazy(async () => ({ default: (await import("../share/phone-share.tsx")).PhoneShare })),
} as const satisfies Record<string, Tool>;
const names = Object.keys(tools) as (keyof typeof tools)[];

/** What stands beside a phone's screen: what belongs to it, and tools to work on the phone with, for which there is more room. */
export function PhoneSide({ device, children }: PhoneSideProps) {
  const { t } = useTranslation();
  const [shown, setShown] = useState("phone");
  const items = names.map((name) => {
    const Tool: Tool = tools[name];
    return {
      key: name,
      label: t(`tools.tab.${name}`),
      children: (
        <Suspense fallback={<Skeleton />}>
          <Tool deviceId={device.deviceId} />
        </Suspense>
      ),
    };
  });
  const own = {
    key: "phone",
    label: t("tools.tab.phone"),
    children: <div className="own">{children}</div>,
  };
  return (
    <aside className={shown === "phone" ? "side" : "side working"}>
      <Tabs
        size="small"
        tabBarGutter={14}
        activeKey={shown}
        onChange={setShown}
        items={[own, ...items]}
      />
    </aside>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Collapse, Switch } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Notification } from "../api.ts";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { Rows } from "../ui/rows.tsx";
import { useAct } from "../ui/use-act.ts";
import { useFormats } from "../ui/use-formats.ts";

/** What the platform has told the reader, and what they want to be told. */
export function NotificationsPage() {
  const { t } = useTranslation();
  const readAll = useAct((_wish: null) => api.notifications.markRead.mutate({}), {
    changes: ["notifications."],
  });
  return (
    <PageFrame
      title={t("nav.notifications")}
      actions={
        <Button loading={readAll.isPending} onClick={() => readAll.mutate(null)}>
          {t("notifications.readAll")}
        </Button>
      }
    >
      <NotificationRows />
      <h2 className="section">{t("notifications.wishes")}</h2>
      <Collapse
        items={[
          {
            key: "wishes",
            label: t("notifications.wishesHint"),
            children: <Preferences />,
          },
        ]}
      />
    </PageFrame>
  );
}

function NotificationRows() {
  const { t } = useTranslation();
  const { time } = useFormats();
  return (
    <Rows<Notification>
      label={t("nav.notifications")}
      queryKey={["notifications.list", "all"]}
      size={50}
      page={async (after, limit) => {
        const before = after && { before: after.notificationId };
        return (await api.notifications.list.query({ limit, ...before })).notifications;
      }}
      rowKey={({ notificationId }) => notificationId}
      empty={t("notifications.none")}
      columns={[
        {
          title: t("notifications.what"),
          render: (_, notification) => <Told notification={notification} />,
        },
        {
          title: t("list.time"),
          width: 190,
          responsive: ["sm"],
          render: (_, { at }) => time(at),
        },
      ]}
    />
  );
}

/** The kind in the reader's language; the hub's own sentence has the particulars. */
function Told({ notification }: { readonly notification: Notification }) {
  const { t } = useTranslation();
  const { kind, title, text, refs, readAt } = notification;
  return (
    <div className={readAt === null ? "told unread" : "told"}>
      <strong>{t(`notifications.kind.${kind}`, { defaultValue: title })}</strong>
      <bdi>{text}</bdi>
      {refs.orderId !== undefined && (
        <Link to="/orders/$order" params={{ order: refs.orderId }}>
          {t("orders.one")}
        </Link>
      )}
    </div>
  );
}

function Preferences() {
  const { t } = useTranslation();
  const preferences = useQuery({
    queryKey: ["notifications.preferences"],
    queryFn: () => api.notifications.preferences.query(),
  });
  const prefer = useAct(
    (wish: Parameters<typeof api.notifications.setPreference.mutate>[0]) =>
      api.notifications.setPreference.mutate(wish),
    { changes: ["notifications."] },
  );
  return (
    <Answer query={preferences}>
      {(found) => (
        <ul className="wishes">
          {found.map((wish) => (
            <li key={wish.kind}>
              <span>{t(`notifications.kind.${wish.kind}`)}</span>
              {(["inApp", "webhook"] as const).map((way) => (
                <label key={way} className="switch">
                  <Switch
                    size="small"
                    checked={wish[way]}
                    disabled={prefer.isPending}
                    onChange={(isOn) => prefer.mutate({ ...wish, [way]: isOn })}
                  />
                  {t(`notifications.way.${way}`)}
                </label>
              ))}
            </li>
          ))}
        </ul>
      )}
    </Answer>
  );
}

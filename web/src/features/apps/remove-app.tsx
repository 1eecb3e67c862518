import { Button, Popconfirm } from "antd";
import { useTranslation } from "react-i18next";
import { api, type AppInfo } from "../../api.ts";
import { useAct } from "../../ui/use-act.ts";

/** Takes an app out of the library; phones that have it keep it. */
export function RemoveApp({ app: { appId, label } }: { readonly app: AppInfo }) {
  const { t } = useTranslation();
  const remove = useAct((app: string) => api.apps.remove.mutate({ app }), { changes: ["apps."] });
  return (
    <Popconfirm
      title={t("apps.removeQuestion")}
      okText={t("apps.remove")}
      cancelText={t("app.cancel")}
      onConfirm={() => remove.mutate(appId)}
    >
      <Button
        size="small"
        danger
        loading={remove.isPending}
        aria-label={`${t("apps.remove")}: ${label}`}
      >
        {t("apps.remove")}
      </Button>
    </Popconfirm>
  );
}

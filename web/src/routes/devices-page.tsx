import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Select } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Device } from "../api.ts";
import { DeviceRows } from "../features/devices/device-rows.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { SearchBox } from "../ui/search-box.tsx";

const states = [
  "creating",
  "stopped",
  "starting",
  "running",
  "stopping",
  "wiping",
  "failed",
] as const satisfies readonly Device["state"][];

/** Every phone of the platform. */
export function DevicesPage() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/signed-in/devices" });
  const navigate = useNavigate();
  const counts = useQuery({
    queryKey: ["devices.count"],
    queryFn: () => api.devices.count.query(),
  });
  const state = states.find((one) => one === search.state);
  const narrow = (change: { q?: string | undefined; state?: string | undefined }): void => {
    const { q, state: wanted } = { ...search, ...change };
    void navigate({
      to: "/devices",
      replace: true,
      search: { ...(q && { q }), ...(wanted && { state: wanted }) },
    });
  };
  const countOf = (one: Device["state"]): string => {
    const count = counts.data?.byState[one];
    return count === undefined ? "" : ` (${count})`;
  };
  return (
    <PageFrame
      title={t("nav.devices")}
      lead={counts.data && t("devices.counts", { ...counts.data })}
    >
      <div className="filters">
        <SearchBox
          label={t("devices.search")}
          value={search.q ?? ""}
          onChange={(q) => narrow({ q })}
        />
        <Select
          aria-label={t("list.state")}
          allowClear
          placeholder={t("list.state")}
          {...(state && { value: state })}
          onChange={(chosen?: string) => narrow({ state: chosen })}
          options={states.map((value) => ({
            value,
            label: `${t(`state.${value}`)}${countOf(value)}`,
          }))}
        />
      </div>
      <DeviceRows
        key={`${search.q} ${state}`}
        filter={{ ...(search.q && { search: search.q }), ...(state && { state }) }}
      />
    </PageFrame>
  );
}

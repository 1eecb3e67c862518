import { Link } from "@tanstack/react-router";
import type { TableProps } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Device, type ListedDevice } from "../../api.ts";
import { Rows } from "../../ui/rows.tsx";
import { useFormats } from "../../ui/use-formats.ts";
import { StateTag } from "../phones/state-tag.tsx";
import { BulkActions } from "./bulk-actions.tsx";

type Columns = NonNullable<TableProps<ListedDevice>["columns"]>;

/** What a list of devices is narrowed down to. */
export interface DeviceFilter {
  readonly search?: string;
  readonly state?: Device["state"];
  readonly hostId?: string;
  readonly leased?: boolean;
}

/** All devices, to look at and to do something with several at once. */
export function DeviceRows({ filter }: { readonly filter: DeviceFilter }) {
  const { t } = useTranslation();
  const columns = useColumns(filter.hostId === undefined);
  const [chosen, setChosen] = useState<readonly Device[]>([]);
  return (
    <>
      <BulkActions devices={chosen} onDone={() => setChosen([])} />
      <Rows<ListedDevice>
        label={t("nav.devices")}
        queryKey={["devices.page", filter]}
        size={200}
        around={400}
        page={(after, limit) =>
          api.devices.page.query({ ...filter, limit, ...(after && { before: after.deviceId }) })
        }
        rowKey={({ deviceId }) => deviceId}
        empty={t("devices.none")}
        selection={{
          selectedRowKeys: chosen.map(({ deviceId }) => deviceId),
          onChange: (_, rows) => setChosen(rows),
          columnWidth: 40,
          columnTitle: (all) => all,
          getCheckboxProps: ({ name }) => ({ "aria-label": name.slice(0, 100) }),
        }}
        columns={columns}
      />
    </>
  );
}

function useColumns(hasHosts: boolean): Columns {
  const { t } = useTranslation();
  const { time } = useFormats();
  const host: Columns[number] = {
    title: t("hosts.one"),
    responsive: ["lg"],
    width: 140,
    render: (_, { hostId, hostName, hostState }) => (
      <span className="two-lines">
        <Link to="/hosts/$host" params={{ host: hostId }}>
          <bdi>{hostName}</bdi>
        </Link>
        {hostState !== "connected" && (
          <span className="bad">
            {t(`hosts.state.${hostState}` as "hosts.state.lost", { defaultValue: hostState })}
          </span>
        )}
      </span>
    ),
  };
  return [
    {
      title: t("devices.name"),
      width: 180,
      render: (_, { deviceId, name }) => (
        <Link to="/phones/$device" params={{ device: deviceId }}>
          <bdi>{name}</bdi>
        </Link>
      ),
    },
    {
      title: t("list.state"),
      width: 100,
      render: (_, device) => <StateTag device={device} />,
    },
    {
      title: t("devices.lease"),
      responsive: ["sm"],
      width: 160,
      render: (_, { lease }) =>
        lease ? (
          <Link to="/orders/$order" params={{ order: lease.orderId }}>
            {time(lease.since)}
          </Link>
        ) : (
          <span className="faint">{t("phones.free")}</span>
        ),
    },
    {
      title: t("devices.provider"),
      responsive: ["md"],
      width: 120,
      render: (_, { provider }) => provider,
    },
    ...(hasHosts ? [host] : []),
  ];
}

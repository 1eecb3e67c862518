import { PoweroffOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Device } from "../../api.ts";
import { useRefusalWords } from "../../ui/use-refusal-words.ts";
import { phonesKey } from "./use-phones.ts";

/** Switches a phone on or off: says what it should be, its host does the rest. */
export function PowerButton({ device }: { readonly device: Device }) {
  const { t } = useTranslation();
  const words = useRefusalWords();
  const { message } = App.useApp();
  const client = useQueryClient();
  const isOn = device.power === "running";
  const { mutate, isPending } = useMutation({
    mutationFn: () => {
      const which = { device: device.deviceId };
      return isOn ? api.devices.stop.mutate(which) : api.devices.start.mutate(which);
    },
    onError: (error) => void message.error(words(error)),
    onSettled: () => client.invalidateQueries({ queryKey: phonesKey }),
  });
  return (
    <Button icon={<PoweroffOutlined />} loading={isPending} onClick={() => mutate()}>
      {t(isOn ? "phones.stop" : "phones.start")}
    </Button>
  );
}

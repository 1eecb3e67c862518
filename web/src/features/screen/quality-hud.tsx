import { useTranslation } from "react-i18next";
import type { LivePlayer } from "./use-player.ts";

/** How the picture comes, in figures. */
export function QualityHud({ live: { state, figures } }: { readonly live: LivePlayer }) {
  const { t } = useTranslation();
  const ms = (value: number | null | undefined): string =>
    value === null || value === undefined ? "–" : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  const path = state?.path;
  const rows: readonly (readonly [string, string])[] = [
    [t("quality.path"), path ? t(`screen.paths.${path}`) : "–"],
    [t("quality.size"), state?.size ? `${state.size.width} × ${state.size.height}` : "–"],
    [t("quality.fps"), figures ? t("quality.fpsValue", { fps: figures.fps }) : "–"],
    [t("quality.bitRate"), figures ? bitRate(figures.bitRate) : "–"],
    [t("quality.rtt"), ms(figures?.rttMs)],
    [t("quality.jitter"), ms(figures?.jitterMs)],
    [t("quality.decode"), ms(figures?.decodeMs)],
    [t("quality.dropped"), String(figures?.dropped ?? "–")],
    [t("quality.firstFrame"), ms(figures?.firstFrameMs)],
  ];
  return (
    <section>
      <h2>{t("quality.title")}</h2>
      <dl className="hud">
        {rows.map(([name, value]) => (
          <Row key={name} name={name} value={value} />
        ))}
      </dl>
    </section>
  );
}

const Row = ({ name, value }: { readonly name: string; readonly value: string }) => (
  <>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </>
);

const bitRate = (bits: number): string =>
  bits < 1_000_000
    ? `${Math.round(bits / 1000)} kbit/s`
    : `${(bits / 1_000_000).toFixed(1)} Mbit/s`;

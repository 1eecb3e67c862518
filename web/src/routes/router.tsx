import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Navigate,
  Outlet,
} from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { queries } from "../api.ts";
import { unreadQuery } from "../features/notifications/use-unread.ts";
import { phonesQuery } from "../features/phones/use-phones.ts";
import { expectSession } from "../features/screen/open-session.ts";
import { reloadIsComing } from "../missing-part.ts";
import { Broken } from "../ui/broken.tsx";
import { Missing } from "../ui/missing.tsx";
import { Shell } from "../ui/shell.tsx";
import { signIn } from "../sign-in.ts";
import { useUser } from "../ui/use-user.ts";
import { PhonesPage } from "./phones-page.tsx";

type Component = () => React.JSX.Element | null;

/** A page's own chunk, and Ant Design's look around it: loaded when it is gone to (or soon will be). */
async function dressed(load: () => Promise<Component>): Promise<{ Page: Component }> {
  const parts = Promise.all([import("../ui/look.tsx"), load()]);
  const [{ Look }, Inner] = await parts.catch((cause: unknown) => {
    if (reloadIsComing()) return new Promise<never>(() => undefined);
    // In words of our own: at the browser's, the router would load all of it anew, too.
    throw new Error("a part of the page could not be loaded", { cause });
  });
  return {
    Page: () => (
      <Look>
        <Inner />
      </Look>
    ),
  };
}

const root = createRootRoute({ component: Outlet, notFoundComponent: Missing });

const signInRoute = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { to?: string } =>
    // A path of this page, and nothing that leads elsewhere.
    typeof search.to === "string" && /^\/(?!\/)/.test(search.to) ? { to: search.to } : {},
  component: lazyRouteComponent(() => import("./sign-in-page.tsx"), "SignInPage"),
});

const sharedRoute = createRoute({
  getParentRoute: () => root,
  path: "/shared",
  component: lazyRouteComponent(
    () => dressed(async () => (await import("./shared-page.tsx")).SharedPage),
    "Page",
  ),
});

const TemporaryPasswordPage = lazy(async () => {
  const load = async () => (await import("./temporary-password-page.tsx")).TemporaryPasswordPage;
  return { default: (await dressed(load)).Page };
});

/** What a page will ask for as soon as it is drawn is asked for while it is being made. */
const askEarly = <T,>(query: { queryKey: readonly string[]; queryFn: () => Promise<T> }) =>
  queries.prefetchQuery({ ...query, staleTime: Number.POSITIVE_INFINITY });

const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  loader: () => {
    if (signIn.user()) void askEarly(unreadQuery);
  },
  component: function SignedIn() {
    const to = window.location.pathname;
    const user = useUser();
    if (!user) return <Navigate to="/sign-in" search={to === "/" ? {} : { to }} />;
    if (user.passwordIsTemporary)
      return (
        <Suspense>
          <TemporaryPasswordPage />
        </Suspense>
      );
    return <Shell />;
  },
});

const home = createRoute({
  getParentRoute: () => signedIn,
  path: "/",
  loader: () => {
    if (signIn.user()?.role === "customer") void askEarly(phonesQuery);
  },
  component: function Home() {
    return useUser()?.role === "customer" ? <PhonesPage /> : <Navigate to="/overview" replace />;
  },
});

const phone = createRoute({
  getParentRoute: () => signedIn,
  path: "/phones/$device",
  validateSearch: (search: Record<string, unknown>): { look?: true } =>
    search.look === true ? { look: true } : {},
  beforeLoad: ({ params, search, cause }) => {
    if (cause === "enter" && signIn.user()) expectSession(params.device, search.look ?? false);
  },
  component: lazyRouteComponent(
    () => dressed(async () => (await import("./phone-page.tsx")).PhonePage),
    "Page",
  ),
});

/** What a list is narrowed down to, in its address: it can be kept and sent to others. */
interface ListSearch {
  readonly q?: string;
  readonly state?: string;
  readonly id?: string;
}

const listSearch = (search: Record<string, unknown>): ListSearch => {
  const kept: { q?: string; state?: string; id?: string } = {};
  for (const name of ["q", "state", "id"] as const) {
    const value = search[name];
    if (typeof value === "string" || typeof value === "number") kept[name] = String(value);
  }
  return kept;
};

const page = <const Path extends string>(path: Path, load: () => Promise<Component>) =>
  createRoute({
    getParentRoute: () => signedIn,
    path,
    validateSearch: listSearch,
    component: lazyRouteComponent(() => dressed(load), "Page"),
  });

const pages = [
  page("/plans", async () => (await import("./plans-page.tsx")).PlansPage),
  page("/orders", async () => (await import("./orders-page.tsx")).OrdersPage),
  page("/orders/$order", async () => (await import("./order-page.tsx")).OrderPage),
  page("/apps", async () => (await import("./apps-page.tsx")).AppsPage),
  page("/usage", async () => (await import("./usage-page.tsx")).UsagePage),
  page("/wallet", async () => (await import("./wallet-page.tsx")).WalletPage),
  page("/keys", async () => (await import("./keys-page.tsx")).KeysPage),
  page("/webhooks", async () => (await import("./webhooks-page.tsx")).WebhooksPage),
  page("/notifications", async () => (await import("./notifications-page.tsx")).NotificationsPage),
  page("/profile", async () => (await import("./profile-page.tsx")).ProfilePage),
  page("/overview", async () => (await import("./overview-page.tsx")).OverviewPage),
  page("/hosts", async () => (await import("./hosts-page.tsx")).HostsPage),
  page("/hosts/$host", async () => (await import("./host-page.tsx")).HostPage),
  page("/devices", async () => (await import("./devices-page.tsx")).DevicesPage),
  page("/wall", async () => (await import("./wall-page.tsx")).WallPage),
  page("/ledger", async () => (await import("./ledger-page.tsx")).LedgerPage),
  page("/figures", async () => (await import("./figures-page.tsx")).FiguresPage),
  page("/recordings", async () => (await import("./recordings-page.tsx")).RecordingsPage),
  page("/users", async () => (await import("./users-page.tsx")).UsersPage),
  page("/users/$user", async () => (await import("./user-page.tsx")).UserPage),
  page("/roles", async () => (await import("./roles-page.tsx")).RolesPage),
  page("/settings", async () => (await import("./settings-page.tsx")).SettingsPage),
  page("/projections", async () => (await import("./projections-page.tsx")).ProjectionsPage),
  page("/events", async () => (await import("./events-page.tsx")).EventsPage),
  page("/events/$id", async () => (await import("./trace-page.tsx")).TracePage),
  page("/sagas", async () => (await import("./sagas-page.tsx")).SagasPage),
  page("/sagas/$saga", async () => (await import("./saga-page.tsx")).SagaPage),
  page("/consumers", async () => (await import("./consumers-page.tsx")).ConsumersPage),
  page("/dead-letters", async () => (await import("./dead-letters-page.tsx")).DeadLettersPage),
  page("/audit", async () => (await import("./audit-page.tsx")).AuditPage),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([
    signInRoute,
    sharedRoute,
    signedIn.addChildren([home, phone, ...pages]),
  ]),
  defaultPreload: "intent",
  defaultErrorComponent: Broken,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

import { BuyPage } from "../features/plans/buy-page.tsx";
import { PlansAdmin } from "../features/plans/plans-admin.tsx";
import { useUser } from "../ui/use-user.ts";

/** What is sold: to be bought by customers, to be changed by who sells it. */
export const PlansPage = () => (useUser()?.role === "customer" ? <BuyPage /> : <PlansAdmin />);

import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";

const style = `
:root { color-scheme: light dark; }
body { font: 16px/1.6 system-ui, sans-serif; max-width: 44rem; margin: 12vh auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin-bottom: .25rem; }
p.lead { opacity: .75; margin-top: 0; }
code, pre { font: 14px/1.6 ui-monospace, monospace; }
pre { padding: 1rem 1.25rem; border-radius: .6rem; background: color-mix(in srgb, currentColor 8%, transparent); overflow-x: auto; }
dt { font-weight: 600; } dd { margin: 0 0 .75rem; opacity: .85; }
`;

const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cloud Phone Platform</title>
<style>${style}</style>
<h1>Cloud Phone Platform</h1>
<p class="lead">This hub is running. It is used from the command line and by its API.</p>
<pre>cloudphone login
cloudphone plans
cloudphone buy PLAN</pre>
<dl>
<dt>API</dt><dd>tRPC at <code>/trpc</code>, over HTTP and WebSocket; sign in with <code>accounts.login</code> and send <code>Authorization: Bearer …</code></dd>
<dt>Packages</dt><dd><code>POST /apps</code> takes an APK as the request's body</dd>
<dt>Health</dt><dd><code>GET /healthz</code></dd>
</dl>
</html>
`;

const styleHash = createHash("sha256").update(style).digest("base64");

/** The page at /: says where CLI and API are. */
export function startPage(response: ServerResponse): void {
  response.setHeader(
    "content-security-policy",
    `default-src 'none'; style-src 'sha256-${styleHash}'; frame-ancestors 'none'`,
  );
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
  response.end(html);
}

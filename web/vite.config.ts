import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** What the hub replaces in each page it sends: hub/src/platform/http/web.ts. */
const noncePlace = "{{nonce}}";
const compressed = /\.(js|css|svg)$/;

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), preloaded(), nonced(), noncedTerminal(), compress()],
  html: { cspNonce: noncePlace },
  build: {
    target: "es2023",
    // No `data:` in the page's policy: what is small is a file as well.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          // Two files are the whole first page: what asks the hub at once, and what draws.
          groups: [
            { name: "early", test: /web\/src\/(sign-in|i18n\/texts)\.ts$/, priority: 2 },
            { name: "page", test: /web\/src\/open\.tsx$/, priority: 1 },
          ],
        },
      },
    },
  },
  server: {
    // `bin/env vite web` beside a running hub, for work on the page itself.
    proxy: Object.fromEntries(
      ["/trpc", "/relay", "/apps", "/screenshots", "/recordings"].map((prefix) => [
        prefix,
        { target: "http://127.0.0.1:30000", ws: true },
      ]),
    ),
  },
});

/** The drawing half of the first page is fetched beside the half that asks for it. */
function preloaded(): Plugin {
  return {
    name: "preloaded",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle = {} }) {
        const page = Object.values(bundle).find(
          ({ type, name }) => type === "chunk" && name === "page",
        );
        if (!page) throw new Error("no chunk is called `page`");
        const attrs = { rel: "modulepreload", crossorigin: true, href: `/${page.fileName}` };
        return [{ tag: "link", attrs, injectTo: "head" }];
      },
    },
  };
}

/** Lays a Brotli and a gzip file beside each asset, so that the hub compresses nothing while it serves. */
function compress(): Plugin {
  return {
    name: "compress",
    apply: "build",
    writeBundle({ dir = "" }) {
      for (const name of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
        if (!compressed.test(name)) continue;
        const file = path.join(dir, name);
        const bytes = readFileSync(file);
        const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
        writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
        writeFileSync(`${file}.gz`, gzipSync(bytes));
      }
    },
  };
}

/**
 * Ant Design's parts write a few styles without the nonce they were given (@rc-component/util, where it measures scroll bars): the page's policy would refuse them, and
 * say so in every console. They get the one that every answer carries.
 */
function nonced(): Plugin {
  const place = "if (csp?.nonce) {\n    styleNode.nonce = csp?.nonce;\n  }";
  return {
    name: "nonced",
    transform: {
      filter: { id: /@rc-component\/util\/es\/Dom\/dynamicCSS\.js/ },
      handler(code) {
        if (!code.includes(place)) this.error("@rc-component/util sets its nonces elsewhere now");
        return code.replace(
          place,
          "styleNode.nonce = csp?.nonce ?? document.querySelector('meta[property=csp-nonce]')?.nonce ?? '';",
        );
      },
    },
  };
}

/** xterm writes its colours and sizes as style elements, and single colours as style attributes: the page's policy refuses both. They get the nonce, and are set as properties. */
function noncedTerminal(): Plugin {
  const element = /[\w$.]+\.createElement\("style"\)/g;
  const attribute =
    /(\w+)\.setAttribute\("style",`\$\{\1\.getAttribute\("style"\)\|\|""\}\$\{(\w+)\};`\)/g;
  return {
    name: "nonced-terminal",
    transform: {
      filter: { id: /@xterm\/xterm\/lib\/xterm\.mjs/ },
      handler(code) {
        if (code.match(element)?.length !== 3 || code.match(attribute)?.length !== 1)
          this.error("@xterm/xterm writes its styles elsewhere now");
        const nonce = "document.querySelector('meta[property=csp-nonce]')?.nonce??''";
        return code
          .replace(element, `Object.assign($&,{nonce:${nonce}})`)
          .replace(attribute, '($1.style.cssText+=$2+";")');
      },
    },
  };
}

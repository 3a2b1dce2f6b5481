// The npm package `ocpp-ws-io`, with strict validation and without logging. Run it in the folder it is installed in.
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const { OCPPServer } = require("ocpp-ws-io");

const server = new OCPPServer({ protocols: ["ocpp1.6"], strictMode: true, logging: false });
server.auth((ctx) => ctx.accept());
server.on("client", (client) => {
  client.handle("ocpp1.6", "Heartbeat", async () => ({ currentTime: new Date().toISOString() }));
  client.handle("ocpp1.6", "MeterValues", async () => ({}));
});

const http = await server.listen(0, "127.0.0.1");
console.log(`READY ${http.address().port}`);

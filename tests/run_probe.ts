// Opens a device and says its name: what the test run prints beside a runtime.
import { openDevice } from "../engine/index.ts";
import { finish, print } from "./host.ts";

const device = await openDevice();
print(`adapter: ${device.name}`);
device.close();
finish({ passed: 0, failed: 0, skipped: 0 });

// Some controllers alone, as a test makes them, on a server that is there already.
import type { Client } from '../../../src/shared/client/client.ts'
import { ControllerManager } from '../../../src/shared/client/controller-manager.ts'
import type { Clock } from '../../../src/shared/machinery/clock.ts'
import { silentLog } from '../../../src/shared/machinery/log.ts'

type Options = ConstructorParameters<typeof ControllerManager>[0]

/** @returns once they have seen what is there */
export async function runControllers(
  client: Client,
  clock: Clock,
  controllers: Options['controllers'],
  more: Pick<Options, 'metrics'> = {},
): Promise<ControllerManager> {
  const manager = new ControllerManager({
    controllers,
    client,
    clientFor: () => client,
    clock,
    log: silentLog,
    ...more,
  })
  manager.start()
  await manager.ready()
  return manager
}

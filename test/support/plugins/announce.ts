// A plugin's registration socket: says what the plugin is, and writes down what the kubelet answers.
import { getInfo, notifyRegistrationStatus } from '../../../src/agent/kubelet/plugins/registration-api.ts'
import { serveRpc, serves } from '../../../src/agent/kubelet/plugins/rpc.ts'

export interface Announced extends AsyncDisposable {
  readonly statuses: { pluginRegistered: boolean; error: string }[]
}

/** @param socketPath replaces what is there, as a driver does that starts again */
export async function announce(
  socketPath: string,
  info: { type: string; name: string; endpoint?: string; supportedVersions?: readonly string[] },
): Promise<Announced> {
  const statuses: Announced['statuses'] = []
  const served = await serveRpc(socketPath, [
    serves(getInfo, async () => info),
    serves(notifyRegistrationStatus, async status => {
      statuses.push({ ...status })
      return {}
    }),
  ])
  return { statuses, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() }
}

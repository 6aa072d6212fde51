// Leaves the machine as it was before it became a node.
import { type Clock, delay, systemClock } from '../shared/machinery/clock.ts'
import { silentLog } from '../shared/machinery/log.ts'
import { type AgentConfig, cniFoldersOf, logFolderOf } from './config.ts'
import { instanceId } from './instance.ts'
import { removePulledImages } from './kubelet/images/image-gc.ts'
import { LogLinks } from './kubelet/log-links.ts'
import { unlinkKubeletFolder } from './kubelet/plugins/kubelet-folder.ts'
import { podCgroups } from './kubelet/cgroups/pod-cgroups.ts'
import { DockerRuntime } from './kubelet/runtime/docker/docker-runtime.ts'
import { podAmountsOf } from './kubelet/spec/resources.ts'
import { hostTools, removeUnmounted, unmountBelow, unmountHidden } from './kubelet/volumes/mounts.ts'
import { run } from './network/exec.ts'
import { Logind } from './kubelet/shutdown/logind.ts'
import { cleanUpNetwork } from './network/clean-up.ts'

/**
 * @param options.network false when the network of this machine belongs to another cluster's agent
 * @returns what was removed, one line each
 */
export async function cleanUpNode(
  config: AgentConfig,
  { network = true, clock = systemClock } = {},
): Promise<string[]> {
  const { dataDir, dockerSocket } = config
  const runtime = await DockerRuntime.connect({
    socketPath: dockerSocket,
    instance: instanceId(dataDir),
    clock,
  })
  const removed: Removed = { pods: new Set(), containers: new Set() }
  await removeContainers(runtime, removed, clock)
  const images = await removePulledImages(runtime, dataDir)
  await runtime.removePauseImage()
  const { cgroupDriver: driver, rootDir } = await runtime.version()
  const cgroups = podCgroups({ driver, cpus: 1, amountsOf: pod => podAmountsOf(pod, config) })
  for (const uid of removed.pods) await cgroups.remove(uid)
  await cgroups.removeAll()
  await new Logind(run).restore()
  // What the engine was asked for by an agent that was killed meanwhile comes late.
  await removeContainers(runtime, removed, clock)
  if (network) await cleanUpNetwork({ stateDir: `${dataDir}/network`, cni: cniFoldersOf(config) })
  // What stays hidden comes to light below, once what lies over it is gone.
  await unmountHidden(dataDir, hostTools).catch(() => undefined)
  await unmountBelow(dataDir, hostTools)
  await new LogLinks({ folder: logFolderOf(config), engineFolder: rootDir, log: silentLog }).clear()
  if (config.kubeletLink !== undefined) await unlinkKubeletFolder(dataDir, config.kubeletLink)
  await removeUnmounted(dataDir, hostTools)
  return [
    `removed ${removed.pods.size} pods (${removed.containers.size} containers)`,
    `removed ${images} images that were pulled for them`,
    network ? 'removed links, routes and rules' : 'left links, routes and rules, which belong to another cluster',
    `removed ${dataDir}`,
  ]
}

interface Removed {
  readonly pods: Set<string>
  readonly containers: Set<string>
}

/** How long the engine may take over one that it says it is removing. */
const PATIENCE_MS = 60_000
const LOOK_MS = 200

/** Until the engine has none any more. @throws Error when some stay, with what to do */
async function removeContainers(runtime: DockerRuntime, removed: Removed, clock: Clock): Promise<void> {
  const until = clock.monotonic() + PATIENCE_MS
  for (;;) {
    const pods = await runtime.outlines()
    if (pods.length === 0) return
    const ids = pods.flatMap(({ containers, sandboxes }) => [...containers, ...sandboxes].map(({ id }) => id))
    if (clock.monotonic() >= until)
      throw new Error(`the container engine does not remove ${ids.join(', ')}: restart it, and do this again`)
    const isNew = ids.some(id => !removed.containers.has(id))
    for (const id of ids) {
      await runtime.remove(id)
      removed.containers.add(id)
    }
    for (const { uid } of pods) removed.pods.add(uid)
    // Only what it is removing already is left.
    if (!isNew) await delay(clock, LOOK_MS)
  }
}

// Leaves the machine as it was before it became a node.
import { rm } from 'node:fs/promises'
import { systemClock } from '../shared/machinery/clock.ts'
import { type AgentConfig, cniFoldersOf } from './config.ts'
import { instanceId } from './instance.ts'
import { removePulledImages } from './kubelet/images/image-gc.ts'
import { podCgroups } from './kubelet/cgroups/pod-cgroups.ts'
import { DockerRuntime } from './kubelet/runtime/docker/docker-runtime.ts'
import { podAmountsOf } from './kubelet/spec/resources.ts'
import { hostTools, unmountBelow } from './kubelet/volumes/mounts.ts'
import { run } from './network/exec.ts'
import { Logind } from './kubelet/shutdown/logind.ts'
import { cleanUpNetwork } from './network/clean-up.ts'

/**
 * @param options.network false when the network of this machine belongs to another cluster's agent
 * @returns what was removed, one line each
 */
export async function cleanUpNode(config: AgentConfig, { network = true } = {}): Promise<string[]> {
  const { dataDir, dockerSocket } = config
  const runtime = await DockerRuntime.connect({
    socketPath: dockerSocket,
    instance: instanceId(dataDir),
    clock: systemClock,
  })
  const removed: Removed = { pods: new Set(), containers: 0 }
  await removeContainers(runtime, removed)
  const images = await removePulledImages(runtime, dataDir)
  await runtime.removePauseImage()
  const { cgroupDriver: driver } = await runtime.version()
  const cgroups = podCgroups({ driver, cpus: 1, amountsOf: pod => podAmountsOf(pod, config) })
  for (const uid of removed.pods) await cgroups.remove(uid)
  await cgroups.removeAll()
  await new Logind(run).restore()
  // What the engine was asked for by an agent that was killed meanwhile comes late.
  await removeContainers(runtime, removed)
  if (network) await cleanUpNetwork({ stateDir: `${dataDir}/network`, cni: cniFoldersOf(config) })
  await unmountBelow(dataDir, hostTools)
  await rm(dataDir, { recursive: true, force: true })
  return [
    `removed ${removed.pods.size} pods (${removed.containers} containers)`,
    `removed ${images} images that were pulled for them`,
    network ? 'removed links, routes and rules' : 'left links, routes and rules, which belong to another cluster',
    `removed ${dataDir}`,
  ]
}

interface Removed {
  readonly pods: Set<string>
  containers: number
}

/** Until the engine has none any more. */
async function removeContainers(runtime: DockerRuntime, removed: Removed): Promise<void> {
  for (;;) {
    const pods = await runtime.outlines()
    if (pods.length === 0) return
    for (const { uid, containers, sandboxes } of pods) {
      removed.pods.add(uid)
      for (const { id } of [...containers, ...sandboxes]) {
        await runtime.remove(id)
        removed.containers++
      }
    }
  }
}

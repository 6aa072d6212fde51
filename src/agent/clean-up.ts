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
  const pods = await runtime.outlines()
  let containers = 0
  for (const pod of pods)
    for (const { id } of [...pod.containers, ...pod.sandboxes]) {
      await runtime.remove(id)
      containers++
    }
  const images = await removePulledImages(runtime, dataDir)
  await runtime.removePauseImage()
  const { cgroupDriver: driver } = await runtime.version()
  const cgroups = podCgroups({ driver, cpus: 1, amountsOf: pod => podAmountsOf(pod, config) })
  for (const { uid } of pods) await cgroups.remove(uid)
  await cgroups.removeAll()
  await new Logind(run).restore()
  if (network) await cleanUpNetwork({ stateDir: `${dataDir}/network`, cni: cniFoldersOf(config) })
  await unmountBelow(dataDir, hostTools)
  await rm(dataDir, { recursive: true, force: true })
  return [
    `removed ${pods.length} pods (${containers} containers)`,
    `removed ${images} images that were pulled for them`,
    network ? 'removed links, routes and rules' : 'left links, routes and rules, which belong to another cluster',
    `removed ${dataDir}`,
  ]
}

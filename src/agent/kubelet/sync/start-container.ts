// Starts one container of a pod: image, environment, mounts, creation, start, postStart.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, normalize, posix } from 'node:path'
import type { Container, Pod } from '../../../shared/api/core/v1.ts'
import { devicesOfContainer } from '../devices/container-devices.ts'
import { runHook } from '../lifecycle/hook.ts'
import { type KubeletParts, factsOf, nodeLimitsOf } from '../parts.ts'
import { podDirOf } from '../pod-dir.ts'
import { containerReference } from '../references.ts'
import type { ContainerNamespaces, ContainerSpec, Mount, RuntimeImage, RuntimePod } from '../runtime/contract.ts'
import { ContainerConfigError } from '../spec/config-error.ts'
import { ephemeralContainers, specHashOf } from '../spec/containers.ts'
import { environmentOf, expandCommand } from '../spec/env.ts'
import { graceSecondsOf } from '../spec/grace.ts'
import { limitsOf } from '../spec/resources.ts'
import { securityOf } from '../spec/security.ts'
import { serviceVariables } from '../spec/service-env.ts'
import { devicesOf, mountsOf } from '../volumes/container-mounts.ts'
import { readInside } from '../volumes/sub-path.ts'
import type { Volumes } from '../volumes/volumes.ts'
import { runSinceMsOf } from './restart-all.ts'
import { runtimeHandler } from './sandbox.ts'
import { StartError } from './start-error.ts'

export interface StartInput {
  readonly pod: Pod
  readonly container: Container
  readonly runtime: RuntimePod
  readonly sandboxId: string
  readonly podIPs: readonly string[]
  readonly volumes: Volumes
  readonly attempt: number
  readonly signal: AbortSignal
  /** Of the container if it is made ahead: its id, or why it could not be made; undefined = it was not tried. */
  readonly created?: Promise<string | undefined> | undefined
}

/** Told by their names: an event about the image says more. */
const OF_IMAGES = new Set(['ErrImagePull', 'ErrImageNeverPull', 'ImagePullBackOff', 'InvalidImageName'])
/** More than a process can be given in variables. */
const MAX_ENV_FILE_BYTES = 1024 ** 2
const HOOK_TIMEOUT_MS = 10 * 60_000
const DEFAULT_TERMINATION_MESSAGE_PATH = '/dev/termination-log'

/** @returns the new container's id @throws StartError, after its event was recorded */
export async function startContainer(parts: KubeletParts, input: StartInput): Promise<string> {
  const { pod, container } = input
  const about = containerReference(pod, container.name)
  try {
    const id = (await input.created) ?? (await createContainer(parts, input))
    await withReason('RunContainerError', () => parts.runtime.start(id))
    parts.recorder.event(about, 'Normal', 'Started', 'Container started')
    await postStart(parts, input, id)
    return id
  } catch (error) {
    const failure =
      error instanceof StartError ? error : new StartError('CreateContainerError', (error as Error).message)
    const ofImage = OF_IMAGES.has(failure.reason)
    if (failure.reason !== 'PostStartHookError')
      parts.recorder.event(about, 'Warning', 'Failed', `Error: ${ofImage ? failure.reason : failure.message}`)
    throw failure
  }
}

/** @returns the new container's id @throws StartError */
export async function createContainer(parts: KubeletParts, input: StartInput): Promise<string> {
  const { pod, container } = input
  const image = await parts.images.ensure(pod, container, input.signal)
  const spec = await withReason('CreateContainerConfigError', () => specOf(parts, input, image))
  const id = await withReason('CreateContainerError', () => parts.runtime.createContainer(spec))
  parts.logLinks.add(pod.metadata, { id, name: container.name, attempt: input.attempt })
  const about = containerReference(pod, container.name)
  parts.recorder.event(about, 'Normal', 'Created', 'Container created')
  return id
}

async function withReason<T>(reason: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(
      error instanceof ContainerConfigError ? 'CreateContainerConfigError' : reason,
      (error as Error).message,
    )
  }
}

async function postStart(
  parts: KubeletParts,
  { pod, container, podIPs, signal }: StartInput,
  containerId: string,
): Promise<void> {
  const handler = container.lifecycle?.postStart
  if (!handler) return
  const { runtime, clock, recorder } = parts
  try {
    const target = { container, containerId, podIP: podIPs[0] ?? '' }
    await untilAborted(signal, runHook(handler, target, { runtime, clock, timeoutMs: HOOK_TIMEOUT_MS }))
  } catch (error) {
    const message = (error as Error).message
    const about = containerReference(pod, container.name)
    // What the hook said may be a secret.
    recorder.event(about, 'Warning', 'FailedPostStartHook', 'PostStartHook failed')
    recorder.event(about, 'Normal', 'Killing', 'FailedPostStartHook')
    await runtime.stop(containerId, graceSecondsOf(pod))
    throw new StartError('PostStartHookError', message)
  }
}

/** Resolves with the work, or when the pod is to end: nothing waits for what a hook of its start still does. */
async function untilAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  let abort: () => void = () => undefined
  const aborted = new Promise<void>(resolve => {
    abort = resolve
    if (signal.aborted) resolve()
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function specOf(parts: KubeletParts, input: StartInput, image: RuntimeImage): Promise<ContainerSpec> {
  const { pod, container, sandboxId, podIPs, volumes, attempt } = input
  const { dataDir, tools, objects, runtime, recursiveReadOnlyMounts } = parts
  const podDir = podDirOf(dataDir, pod.metadata.uid)
  const runSinceMs = runSinceMsOf(pod, input.runtime)
  const services = serviceVariables(parts.services(), pod.metadata.namespace, pod.spec.enableServiceLinks ?? true)
  const readEnvFile = async (volume: string, path: string) => {
    const found = volumes.get(volume)
    return found && readInside(found.path, path, MAX_ENV_FILE_BYTES)
  }
  const facts = factsOf(parts, podIPs)
  const env = await environmentOf({ pod, container, facts, services, objects, readFile: readEnvFile })
  const readProfile = (path: string) => readFile(join(dataDir, 'seccomp', normalize(`/${path}`)), 'utf8')
  const primaryGroup = (user: string) => runtime.primaryGroup(pod.metadata, image.id, user)
  const security = await securityOf(pod, container, image.user, { readProfile, primaryGroup })
  const handler = await runtimeHandler(parts, pod)
  const cgroupParent = parts.cgroups.parentOf(pod.metadata.uid)
  const messageFile = await prepareTerminationMessage(podDir, container.name, attempt)
  const ofVolumes = await mountsOf(container, volumes, env, { podDir, dataDir, tools, recursiveReadOnlyMounts })
  const { additions, ...ofDevices } = await devicesOfContainer(parts, pod, container)
  const mounts = withOwnMounts([...ofVolumes, ...additions.mounts], podDir, {
    hostPath: messageFile,
    containerPath: container.terminationMessagePath || DEFAULT_TERMINATION_MESSAGE_PATH,
    readOnly: false,
  })
  return {
    pod: pod.metadata,
    name: container.name,
    attempt,
    specHash: specHashOf(container),
    ...(runSinceMs === undefined ? {} : { runSinceMs }),
    sandboxId,
    image: container.image ?? '',
    imageId: image.id,
    ...expandCommand(container, env),
    env: merged(
      ofDevices.env,
      [...env].map(([name, value]) => `${name}=${value}`),
      additions.env,
    ),
    ...(container.workingDir ? { workingDir: container.workingDir } : {}),
    mounts,
    devices: [...devicesOf(container, volumes), ...additions.devices],
    deviceRequests: ofDevices.deviceRequests,
    annotations: ofDevices.annotations,
    tty: container.tty ?? false,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    terminationMessageFile: messageFile,
    fallbackToLogs: container.terminationMessagePolicy === 'FallbackToLogsOnError',
    ...(container.lifecycle?.stopSignal ? { stopSignal: container.lifecycle.stopSignal } : {}),
    namespaces: namespacesOf(input),
    resources: limitsOf(pod, container, nodeLimitsOf(parts)),
    security: { ...security, supplementalGroups: [...security.supplementalGroups, ...additions.groups] },
    ...(cgroupParent ? { cgroupParent } : {}),
    ...(handler ? { handler } : {}),
  }
}

/** Of `NAME=value`, the last of a name. */
const merged = (...all: readonly (readonly string[])[]): string[] => [
  ...new Map(all.flat().map(each => [each.slice(0, each.indexOf('=')), each])).values(),
]

/** Written by the container as it ends; a file of its own for every attempt. */
async function prepareTerminationMessage(podDir: string, name: string, attempt: number): Promise<string> {
  const folder = join(podDir, 'containers', name)
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${attempt}.message`)
  // Any user of the container may write it.
  await writeFile(path, '')
  await chmod(path, 0o666)
  return path
}

/**
 * /etc/hosts and /etc/resolv.conf, unless the container mounts something of its own there. The file of the termination
 * message covers whatever else is mounted in its place; the engine refuses two mounts at one path.
 */
function withOwnMounts(ofVolumes: readonly Mount[], podDir: string, message: Mount): Mount[] {
  const at = ({ containerPath }: Mount) => posix.normalize(containerPath).replace(/(?<=.)\/$/, '')
  const files = [
    { hostPath: join(podDir, 'etc-hosts'), containerPath: '/etc/hosts', readOnly: false },
    { hostPath: join(podDir, 'resolv.conf'), containerPath: '/etc/resolv.conf', readOnly: false },
  ].filter(file => ofVolumes.every(mount => at(mount) !== at(file)))
  return [...[...ofVolumes, ...files].filter(mount => at(mount) !== at(message)), message]
}

function namespacesOf({ pod, container, runtime, sandboxId }: StartInput): ContainerNamespaces {
  const { hostNetwork, hostIPC, hostPID, shareProcessNamespace } = pod.spec
  const target = ephemeralContainers(pod).find(({ name }) => name === container.name)?.targetContainerName
  const targetId = target && runtime.containers.find(({ name, state }) => name === target && state === 'running')?.id
  if (target && !targetId) throw new ContainerConfigError(`unable to find target container ${target}`)
  return {
    network: hostNetwork ? 'host' : 'sandbox',
    ipc: hostIPC ? 'host' : 'sandbox',
    pid: hostPID
      ? 'host'
      : targetId
        ? { containerId: targetId }
        : shareProcessNamespace
          ? { containerId: sandboxId }
          : 'own',
  }
}

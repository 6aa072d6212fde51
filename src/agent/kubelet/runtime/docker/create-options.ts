// Translates sandbox and container specs to what Docker's create call takes.
import type Docker from 'dockerode'
import type { ContainerLimits, ContainerSpec, Device, Mount, SandboxSpec } from '../contract.ts'
import { containerLabels, dockerName, sandboxLabels, SANDBOX_CONTAINER_NAME } from './labels.ts'
import { PAUSE_SECCOMP } from './pause-seccomp.ts'

/** Docker rotates the log files itself. */
const LOG_CONFIG = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '5' } }
/** The kernel kills the holder of a pod's namespaces last. */
const SANDBOX_OOM_SCORE_ADJ = -998
const SANDBOX_CPU_SHARES = 2

export interface SandboxEngine {
  readonly pauseImage: string
  readonly instance: string
  /** The network of pods with `hostNetwork`, in Docker's terms. */
  readonly hostNetwork: string
  /** Whether the engine can limit what processes ask of the kernel; it refuses whoever wants it where it cannot. */
  readonly hasSeccomp: boolean
}

export function sandboxOptions(spec: SandboxSpec, engine: SandboxEngine): Docker.ContainerCreateOptions {
  const { pauseImage, instance, hostNetwork, hasSeccomp } = engine
  return {
    name: dockerName(spec.pod, SANDBOX_CONTAINER_NAME, spec.attempt),
    Image: pauseImage,
    Entrypoint: ['/pause'],
    // The agent connects the sandbox itself. Left to Docker, even a network that is none costs a program run by a hook,
    // which is most of the time that a sandbox takes to start.
    ...(spec.hostNetwork ? {} : { Hostname: spec.hostname, NetworkDisabled: true }),
    Labels: sandboxLabels(spec, instance),
    HostConfig: {
      NetworkMode: spec.hostNetwork ? hostNetwork : 'none',
      IpcMode: spec.hostIPC ? 'host' : 'shareable',
      ...(spec.hostPID ? { PidMode: 'host' } : {}),
      ...(Object.keys(spec.sysctls).length > 0 ? { Sysctls: { ...spec.sysctls } } : {}),
      ...(spec.handler ? { Runtime: spec.handler } : {}),
      ...(spec.cgroupParent ? { CgroupParent: spec.cgroupParent } : {}),
      CpuShares: SANDBOX_CPU_SHARES,
      OomScoreAdj: SANDBOX_OOM_SCORE_ADJ,
      // Its log is always empty: a driver that does nothing starts faster.
      LogConfig: { Type: 'none', Config: {} },
      ReadonlyRootfs: true,
      // Other runtimes' last steps are not known.
      SecurityOpt: ['no-new-privileges', ...(hasSeccomp && !spec.handler ? [`seccomp=${PAUSE_SECCOMP}`] : [])],
    },
  }
}

export interface ContainerEngine extends Pick<SandboxEngine, 'instance' | 'hostNetwork'> {
  /** Capabilities that the engine has not got itself, without `CAP_`. */
  readonly denied: readonly string[]
}

export function containerOptions(
  spec: ContainerSpec,
  { instance, hostNetwork, denied }: ContainerEngine,
): Docker.ContainerCreateOptions {
  const { security, resources, namespaces } = spec
  return {
    name: dockerName(spec.pod, spec.name, spec.attempt),
    Image: spec.imageId,
    ...(spec.command ? { Entrypoint: [...spec.command] } : {}),
    // A command without arguments must not get the image's own arguments.
    ...(spec.args ? { Cmd: [...spec.args] } : spec.command ? { Cmd: [] } : {}),
    Env: [...spec.env],
    ...(spec.workingDir ? { WorkingDir: spec.workingDir } : {}),
    ...(security.user === undefined ? {} : { User: security.user }),
    ...(spec.stopSignal ? { StopSignal: spec.stopSignal } : {}),
    Tty: spec.tty,
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdinOnce,
    // The pod's own probes decide; an image's health check would run beside them.
    Healthcheck: { Test: ['NONE'] },
    Labels: containerLabels(spec, instance),
    HostConfig: {
      NetworkMode: namespaces.network === 'host' ? hostNetwork : `container:${spec.sandboxId}`,
      IpcMode: namespaces.ipc === 'host' ? 'host' : `container:${spec.sandboxId}`,
      ...pidMode(spec),
      Mounts: spec.mounts.map(mount => ({
        Type: 'bind' as const,
        Source: mount.hostPath,
        Target: mount.containerPath,
        ReadOnly: mount.readOnly,
        ...bindOptions(mount),
      })) as Docker.MountConfig,
      ...(spec.devices.length > 0 ? { Devices: spec.devices.map(toDevice) } : {}),
      ...(spec.deviceRequests.length > 0 ? { DeviceRequests: spec.deviceRequests.map(toDeviceRequest) } : {}),
      ...(Object.keys(spec.annotations).length > 0 ? { Annotations: { ...spec.annotations } } : {}),
      ...(spec.cgroupParent ? { CgroupParent: spec.cgroupParent } : {}),
      CpuShares: resources.cpuShares,
      ...(resources.cpuQuota > 0 ? { CpuQuota: resources.cpuQuota, CpuPeriod: resources.cpuPeriod } : {}),
      // Memory and swap together: a pod gets no swap on top of its limit.
      ...(resources.memoryBytes > 0 ? { Memory: resources.memoryBytes, MemorySwap: resources.memoryBytes } : {}),
      ...(resources.pids > 0 ? { PidsLimit: resources.pids } : {}),
      OomScoreAdj: resources.oomScoreAdj,
      ...(spec.handler ? { Runtime: spec.handler } : {}),
      Privileged: security.privileged,
      ReadonlyRootfs: security.readOnlyRootFilesystem,
      CapAdd: [...security.addCapabilities],
      CapDrop: [...security.dropCapabilities],
      GroupAdd: security.supplementalGroups.map(String),
      SecurityOpt: securityOptions(spec),
      ...(security.unmaskedProc ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
      LogConfig: LOG_CONFIG,
      ...(security.privileged && denied.length > 0 ? privilegedWithout(denied, spec) : {}),
    },
  }
}

/**
 * An engine that has not got a capability itself starts nothing that is privileged. What comes closest to it has all the
 * others and every device; /sys is read-only, until the container mounts it anew.
 */
function privilegedWithout(denied: readonly string[], { devices }: ContainerSpec): Docker.HostConfig {
  return {
    Privileged: false,
    CapAdd: ['ALL'],
    CapDrop: [...denied],
    SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined', 'label=disable'],
    MaskedPaths: [],
    ReadonlyPaths: [],
    Devices: [
      { PathOnHost: '/dev', PathInContainer: '/dev', CgroupPermissions: 'rwm' },
      ...devices.filter(({ hostPath, containerPath }) => hostPath !== containerPath).map(toDevice),
    ],
    DeviceCgroupRules: ['a *:* rwm'],
  }
}

function bindOptions({ readOnly, recursiveReadOnly, propagation }: Mount) {
  // Engines that know these options make read-only mounts recursive unless they are told not to; older ones never do.
  if (recursiveReadOnly) return { BindOptions: { Propagation: 'rprivate', ReadOnlyForceRecursive: true } }
  const shallow = readOnly ? { ReadOnlyNonRecursive: true } : {}
  // Left out it is rprivate, and rslave where Docker takes nothing else: for what holds its own folder, such as /.
  const options = { ...(propagation ? { Propagation: propagation } : {}), ...shallow }
  return Object.keys(options).length > 0 ? { BindOptions: options } : {}
}

const toDevice = ({ hostPath, containerPath, permissions }: Device) => ({
  PathOnHost: hostPath,
  PathInContainer: containerPath,
  CgroupPermissions: permissions,
})

/** Which of a GPU's abilities a container gets is NVIDIA's own default, or its `NVIDIA_DRIVER_CAPABILITIES`. */
const toDeviceRequest = ({ driver, ids }: ContainerSpec['deviceRequests'][number]) => ({
  Driver: driver,
  DeviceIDs: [...ids],
  ...(driver === 'nvidia' ? { Capabilities: [['gpu']] } : {}),
})

/** What Docker's update call takes; a limit that is gone is told as -1. */
export const updateOptions = ({ cpuShares, cpuQuota, cpuPeriod, memoryBytes }: ContainerLimits) => ({
  CpuShares: cpuShares,
  CpuPeriod: cpuPeriod,
  CpuQuota: cpuQuota > 0 ? cpuQuota : -1,
  ...(memoryBytes > 0 ? { Memory: memoryBytes, MemorySwap: memoryBytes } : {}),
})

function pidMode({ namespaces: { pid } }: ContainerSpec): { PidMode?: string } {
  if (pid === 'own') return {}
  return { PidMode: pid === 'host' ? 'host' : `container:${pid.containerId}` }
}

function securityOptions({ security }: ContainerSpec): string[] {
  const options: string[] = []
  if (security.noNewPrivileges) options.push('no-new-privileges')
  if (security.seccomp !== undefined && !security.privileged) options.push(`seccomp=${security.seccomp}`)
  if (security.appArmor !== undefined) options.push(`apparmor=${security.appArmor}`)
  for (const [key, value] of Object.entries(security.seLinux ?? {})) options.push(`label=${key}:${value}`)
  return options
}

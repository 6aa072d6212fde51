// A pod's sandbox: the container that holds its namespaces, its network, and the files that resolve names.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod } from '../../../shared/api/core/v1.ts'
import { hostPortsOf } from '../../../shared/machinery/host-ports.ts'
import type { HostPort } from '../../contracts.ts'
import { normalizeSysctl } from '../admission/sysctls.ts'
import { type KubeletParts, nodeIPsOf } from '../parts.ts'
import { podDirOf } from '../pod-dir.ts'
import { podReference } from '../references.ts'
import type { RuntimeContainer } from '../runtime/contract.ts'
import { bandwidthOf } from '../spec/bandwidth.ts'
import { hostsFile, kernelHostname, parseResolvConf, resolvConfOf } from '../spec/names.ts'

export interface Sandbox {
  /** As it was when it had started. */
  readonly container: RuntimeContainer
  readonly podIPs: readonly string[]
}

/** Docker maps users for all of its containers (`userns-remap`) or for none. */
const NO_USER_NAMESPACE =
  'hostUsers: false is not supported: Docker cannot give a pod a user namespace of its own; without it, the pod runs with the users of the node'
const STUB_RESOLVER = '127.0.0.53'

/**
 * @param onCreated told before the sandbox starts
 * @returns the sandbox, running and connected; a sandbox that could not be connected is removed again
 */
export async function createSandbox(
  parts: KubeletParts,
  pod: Pod,
  attempt: number,
  onCreated: (id: string) => void,
): Promise<Sandbox> {
  const { runtime, node, network, cgroups } = parts
  const { uid } = pod.metadata
  const { hostNetwork = false, hostPID = false, hostIPC = false, shareProcessNamespace = false } = pod.spec
  if (pod.spec.hostUsers === false) throw new Error(NO_USER_NAMESPACE)
  const handler = await runtimeHandler(parts, pod)
  const cgroupParent = cgroups.parentOf(uid)
  const id = await runtime.createSandbox({
    pod: pod.metadata,
    attempt,
    hostname: kernelHostname(pod, node.clusterDomain),
    hostNetwork,
    hostPID,
    hostIPC,
    shareProcessNamespace,
    sysctls: Object.fromEntries(
      (pod.spec.securityContext?.sysctls ?? []).map(({ name, value }) => [normalizeSysctl(name), value]),
    ),
    ...(cgroupParent ? { cgroupParent } : {}),
    ...(handler ? { handler } : {}),
  })
  onCreated(id)
  try {
    await runtime.start(id)
    const container = await runtime.container(id)
    if (container?.state !== 'running') throw new Error('the sandbox ended at once')
    const { pid } = container
    await cgroups.apply(pod, pid)
    if (hostNetwork) return { container, podIPs: nodeIPsOf(node) }
    const { namespace, name } = pod.metadata
    const ports = portsOfNode(pod)
    const connected = { uid, namespace, name, sandboxId: id, pid, hostPorts: ports, bandwidth: bandwidthOf(pod) }
    const { ips } = await network.podNetwork.setUp(connected)
    if (ports.length > 0) await network.hostPorts(uid, ips, ports)
    await network.isolate(pod)
    return { container, podIPs: ips }
  } catch (error) {
    await runtime.remove(id)
    throw error
  }
}

/** @returns what the pod's RuntimeClass stands for; undefined = the engine's default @throws Error if it is not here */
export async function runtimeHandler({ objects, handlers }: KubeletParts, pod: Pod): Promise<string | undefined> {
  const { runtimeClassName } = pod.spec
  if (!runtimeClassName) return undefined
  const found = await objects.runtimeClass(runtimeClassName)
  if (!found) throw new Error(`failed to get sandbox runtime: RuntimeClass.node.k8s.io "${runtimeClassName}" not found`)
  if (!handlers.includes(found.handler))
    throw new Error(`failed to get sandbox runtime: no runtime for "${found.handler}" is configured`)
  return found.handler
}

/** @returns the addresses of a pod whose sandbox runs already */
export const addressesOf = ({ node, network }: KubeletParts, pod: Pod): readonly string[] =>
  pod.spec.hostNetwork ? nodeIPsOf(node) : (network.podNetwork.addressesOf(pod.metadata.uid)?.ips ?? [])

const portsOfNode = ({ spec }: Pod): HostPort[] =>
  hostPortsOf(spec).map(({ hostPort = 0, containerPort, protocol = 'TCP', hostIP }) => ({
    hostPort,
    containerPort,
    protocol: protocol as HostPort['protocol'],
    ...(hostIP ? { hostIP } : {}),
  }))

/** Written in place: containers have these very files mounted. */
export async function writeNameFiles(parts: KubeletParts, pod: Pod, podIPs: readonly string[]): Promise<void> {
  const folder = podDirOf(parts.dataDir, pod.metadata.uid)
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const resolvConf = resolvConfOf(pod, parts.node, await hostResolvConf())
  for (const warning of resolvConf.warnings)
    parts.recorder.event(podReference(pod), 'Warning', 'DNSConfigForming', warning)
  const hostFile = pod.spec.hostNetwork ? await readFile('/etc/hosts', 'utf8').catch(() => '') : ''
  await Promise.all([
    writeFile(join(folder, 'etc-hosts'), hostsFile(pod, podIPs, parts.node.clusterDomain, hostFile), { mode: 0o644 }),
    writeFile(join(folder, 'resolv.conf'), resolvConf.text, { mode: 0o644 }),
  ])
}

/** systemd-resolved's stub listens on the node's loopback, which pods do not share: its upstreams are used. */
async function hostResolvConf() {
  const read = async (path: string) => parseResolvConf(await readFile(path, 'utf8').catch(() => ''))
  const own = await read('/etc/resolv.conf')
  return own.nameservers.every(address => address === STUB_RESOLVER) && own.nameservers.length > 0
    ? read('/run/systemd/resolve/resolv.conf')
    : own
}

// Types of flotilla.dev/v1, our own group, written by hand: hosts that become nodes, and what is done to them. Their
// schema is in src/main/apiserver/schema/flotilla-types.ts. Nothing secret is ever part of them.
import type { Condition } from '../meta/v1.ts'
import type { Taint } from '../core/v1.ts'
import type { LiveMeta } from '../../machinery/object.ts'
import type { ResourceType } from '../../machinery/resource-type.ts'

/** A machine that is reached over SSH. */
export interface Host {
  apiVersion: string
  kind: string
  metadata: LiveMeta
  spec: HostSpec
  status: HostStatus
}
export const Host: ResourceType<Host> = {
  group: 'flotilla.dev',
  version: 'v1',
  kind: 'Host',
  plural: 'hosts',
  namespaced: false,
}

export interface HostSpec {
  /** `user@host[:port]`, or a name in the SSH configuration of whoever runs the control plane. Immutable. */
  address: string
  /** Default: the host's own name. */
  nodeName?: string
  /** Set on the Node when it joins. */
  labels?: Record<string, string>
  taints?: Taint[]
  /** Become `node-role.kubernetes.io/<role>` labels. */
  roles?: string[]
}

export interface HostStatus {
  /** Pending, Joining, Ready, Away, NotReady, Failed, Removing. */
  phase?: string
  nodeName?: string
  /** Host keys that somebody accepted: of the host and of the jump hosts before it. */
  hostKeys?: HostKeyPin[]
  /** The way that led there last, for where nobody's SSH configuration tells: jump hosts, then the host itself. */
  route?: HostHop[]
  facts?: HostFacts
  /** What the newest check found. */
  findings?: HostFinding[]
  agent?: HostAgent
  /** Port on the host's loopback that leads to the API server. */
  apiPort?: number
  /** Times without a connection to the host, newest last. */
  away?: HostAway[]
  conditions?: Condition[]
}

/** Certificates that the cluster's CA issued, and that it does not take any more. Each renewal makes a new one. */
export interface CertificateRevocation {
  apiVersion: string
  kind: string
  metadata: LiveMeta
  spec: CertificateRevocationSpec
}
export const CertificateRevocation: ResourceType<CertificateRevocation> = {
  group: 'flotilla.dev',
  version: 'v1',
  kind: 'CertificateRevocation',
  plural: 'certificaterevocations',
  namespaced: false,
}

export interface CertificateRevocationSpec {
  /** Whose: the common name, as `system:node:box`. Immutable. */
  userName: string
  /** Those issued before this moment; later ones are good. Only ever moves forward. */
  issuedBefore: string
  /** Why, for people. */
  reason?: string
}

export interface HostKeyPin {
  /** `host:port` */
  endpoint: string
  /** `SHA256:…` */
  fingerprint: string
}

/** Where an SSH server is, and who logs in to it. */
export interface HostHop {
  /** DNS name or IP address. */
  host: string
  port: number
  user: string
}

export interface HostFacts {
  hostname?: string
  machineID?: string
  osImage?: string
  kernel?: string
  /** amd64, arm64, or what the machine calls itself. */
  architecture?: string
  address?: string
  dockerVersion?: string
  /** iptables or nftables, where Docker says. */
  dockerFirewallBackend?: string
  cgroupVersion?: number
  cpus?: number
  memoryBytes?: number
  diskFreeBytes?: number
}

/** A text in English that is its own key, for who says it in another language. */
export interface HostText {
  text: string
  /** By the names in braces. */
  values?: Record<string, string>
}

export interface HostFinding {
  /** Stable, for programs: `docker/missing`. */
  id: string
  /** Info, Warning, Error. An Error keeps the host from joining. */
  severity: string
  /** What was found. */
  what: string
  /** Why it matters. */
  why: string
  /** How to mend it by hand. */
  how: string
  /** Name of the step that mends it, where joining does it by itself. */
  fix?: string
  /** What the three sentences above are made of. */
  said?: HostFindingSaid
}

export interface HostFindingSaid {
  what?: HostText[]
  why?: HostText[]
  how?: HostText[]
}

export interface HostAgent {
  /** Hash of the bundle and of the runtime that run there. */
  bundle?: string
  runtime?: string
  /** What to go back to. */
  previousBundle?: string
}

export interface HostAway {
  from: string
  until?: string
  reason?: string
}

/** Something that is done to a host, once. */
export interface HostOperation {
  apiVersion: string
  kind: string
  metadata: LiveMeta
  spec: HostOperationSpec
  status: HostOperationStatus
}
export const HostOperation: ResourceType<HostOperation> = {
  group: 'flotilla.dev',
  version: 'v1',
  kind: 'HostOperation',
  plural: 'hostoperations',
  namespaced: false,
}

export interface HostOperationSpec {
  hostName: string
  /** Check, Join, Upgrade, Repair, Restart, LoadImages, Undo, Remove. */
  action: string
  /** Undo: the step of joining to take back, with those that were built on it. Default: the last that is done. */
  step?: string
  /** LoadImages: names of images of the control plane's machine. */
  images?: string[]
  /** Changes are made only when true; until then the plan waits to be looked at. */
  approved?: boolean
  /** Ends the operation as soon as it can. */
  cancelled?: boolean
  /** Remove: the host cannot be reached any more; forget it and its node without touching it. */
  force?: boolean
}

export interface HostOperationStatus {
  /** Pending, Running, WaitingForAnswer, WaitingForApproval, Succeeded, Failed, Cancelled. */
  phase?: string
  /** What happened, and what to do next. */
  message?: string
  /** What the message is made of; of none that another program wrote. */
  said?: HostText[]
  /** Of a failure: a closed set, see the documentation. */
  reason?: string
  /** Of Check, Join and Repair: what was found on the host before anything was changed. */
  findings?: HostFinding[]
  /** Exactly what will be changed, in order. */
  plan?: HostOperationPlanItem[]
  steps?: HostOperationStep[]
  /** Questions that wait for an answer at the subresource `answers`. */
  prompts?: HostOperationPrompt[]
  startTime?: string
  completionTime?: string
  /** `Complete` or `Failed`, once it has ended. */
  conditions?: Condition[]
  /** Sent to the host so far. */
  bytesSent?: number
}

export interface HostOperationPlanItem {
  step: string
  changes: string[]
  /** What each of the changes is made of. */
  said?: HostText[]
}

export interface HostOperationStep {
  name: string
  /** Pending, Running, Succeeded, Skipped, Failed, Undone. */
  state: string
  /** Newest lines of output. */
  output?: string
  /** 0 to 100, where it is known. */
  percent?: number
  startTime?: string
  completionTime?: string
}

export interface HostOperationPrompt {
  id: string
  /** HostKey, Password, Passphrase, KeyboardInteractive, SudoPassword. */
  kind: string
  about: string
  text: string
  /** What the text is made of; of none that the host itself asks. */
  said?: HostText[]
  fingerprint?: string
  /** Whether the answer may be shown while it is typed. */
  echo?: boolean
}

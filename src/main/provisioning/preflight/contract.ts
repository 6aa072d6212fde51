// A check looks at what a host said and tells what is wrong, why it matters and what helps. Checks change nothing and
// know nothing of each other.
import type { HostFinding } from '../../../shared/api/flotilla/v1.ts'
import type { NetworkBackend } from '../../../shared/machinery/node-network.ts'
import type { Said } from '../say.ts'
import type { Facts } from './facts.ts'

/** Whether packets to the tunnel's port arrive. Undefined = nobody can tell: a program is missing on the host, or the node's agent did not answer. */
export interface Way {
  /** From the host to the node. */
  readonly there: boolean | undefined
  /** From the node to the host. */
  readonly back: boolean | undefined
}

/** What a check compares with, beside the host itself. */
export interface ClusterFacts {
  /** One for each of the cluster's families. */
  readonly clusterCIDRs: readonly string[]
  readonly serviceCIDRs: readonly string[]
  readonly networkBackend: NetworkBackend
  /** SHA-256 of the cluster's CA file as it is on hosts. */
  readonly caHash: string
  readonly nodeName: string
  /** Nodes by name, with what tells machines apart; the host's own is one of them where it has one. */
  readonly nodes: readonly {
    readonly name: string
    readonly machineID: string
    readonly address: string
    /**
     * Names of those to which its pods' packets have no direct way, as its agent sees all the time; undefined of a node
     * that is not Ready or does not tell.
     */
    readonly relayed: readonly string[] | undefined
  }[]
  /** What came of packets to nodes, and of theirs, by the nodes' names. */
  readonly ways: ReadonlyMap<string, Way>
  /** Other hosts, which this one must not be, with what tells machines apart. */
  readonly hosts: readonly {
    readonly name: string
    readonly machineID: string
    /** Of the node that it is, or is about to become. */
    readonly nodeName: string | undefined
  }[]
  /** id of the agent that is current here. */
  readonly bundle: string
  /** The port on the host's loopback that is to lead to the API server. */
  readonly apiPort: number
}

export interface Check {
  readonly name: string
  /** @returns nothing when all is well */
  look(facts: Facts, cluster: ClusterFacts): readonly HostFinding[]
}

interface Told {
  readonly what: Said
  readonly why: Said
  readonly how: Said
  /** Name of the step that mends it. */
  readonly fix?: string
}

const finding =
  (severity: 'Error' | 'Warning' | 'Info') =>
  (id: string, { what, why, how, fix }: Told): HostFinding => ({
    id,
    severity,
    what: String(what),
    why: String(why),
    how: String(how),
    ...(fix === undefined ? {} : { fix }),
    said: { what: [...what.texts], why: [...why.texts], how: [...how.texts] },
  })

export const error = finding('Error')
export const warning = finding('Warning')
export const info = finding('Info')

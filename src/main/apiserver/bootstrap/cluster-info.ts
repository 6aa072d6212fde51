// kube-public/cluster-info: where the cluster is and which CA vouches for it, for machines that hold a bootstrap token.
import { ConfigMap } from '../../../shared/api/core/v1.ts'
import type { Draft } from '../../../shared/machinery/object.ts'

export interface ClusterInfo {
  /** `https://192.168.1.5:6443` */
  readonly url: string
  readonly caPem: string
}

/** A kubeconfig without users, as kubeadm writes it; JSON strings are YAML strings. */
const kubeconfig = ({ url, caPem }: ClusterInfo): string => `apiVersion: v1
kind: Config
clusters:
- name: ""
  cluster:
    server: ${JSON.stringify(url)}
    certificate-authority-data: ${Buffer.from(caPem).toString('base64')}
contexts: []
current-context: ""
preferences: {}
users: []
`

export const clusterInfo = (info: ClusterInfo) =>
  ({
    metadata: { namespace: 'kube-public', name: 'cluster-info' },
    data: { kubeconfig: kubeconfig(info) },
  }) satisfies Draft<ConfigMap>

/** @returns the API server that the kubeconfig names */
export const serverOf = (text: string | undefined): string | undefined =>
  /^ {4}server: "([^"]+)"$/m.exec(text ?? '')?.[1]

/** Whether it vouches for the cluster with the same CA. */
export const isSameCluster = (text: string, info: ClusterInfo): boolean =>
  text.includes(`certificate-authority-data: ${Buffer.from(info.caPem).toString('base64')}\n`)

// Where Services, pods and the cluster's DNS are.

/** Addresses inside the cluster. */
export const CLUSTER_NETWORK = {
  serviceCIDR: '10.96.0.0/16',
  clusterCIDR: '10.244.0.0/16',
  kubernetesServiceIP: '10.96.0.1',
  clusterDNS: '10.96.0.10',
  clusterDomain: 'cluster.local',
} as const

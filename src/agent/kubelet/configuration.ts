// The agent's settings that are upstream's kubelet's.
import type { AgentConfig } from '../config.ts'
import { gracePeriods } from './shutdown/phases.ts'

/** As upstream's KubeletConfiguration names things. */
export const configurationOf = (config: AgentConfig, evictionHard: object): Record<string, unknown> => ({
  kind: 'KubeletConfiguration',
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  clusterDNS: [config.clusterDNS],
  clusterDomain: config.clusterDomain,
  staticPodPath: config.staticPodPath ?? `${config.dataDir}/manifests`,
  podPidsLimit: config.podPidsLimit === 0 ? -1 : config.podPidsLimit,
  maxPods: 110,
  shutdownGracePeriod: `${config.shutdownGracePeriodSeconds}s`,
  shutdownGracePeriodCriticalPods: `${config.shutdownGracePeriodCriticalPodsSeconds}s`,
  ...(config.shutdownGracePeriodByPodPriority && {
    shutdownGracePeriodByPodPriority: config.shutdownGracePeriodByPodPriority.map(({ priority, seconds }) => ({
      priority,
      shutdownGracePeriodSeconds: seconds,
    })),
  }),
  evictionHard,
  containerLogMaxSize: '10Mi',
  containerLogMaxFiles: 5,
  serializeImagePulls: false,
  imagePullCredentialsVerificationPolicy: 'NeverVerifyPreloadedImages',
  imageGCHighThresholdPercent: 85,
  imageGCLowThresholdPercent: 80,
})

export const shutdownPeriodsOf = (config: AgentConfig) =>
  config.shutdownGracePeriodByPodPriority ??
  gracePeriods(config.shutdownGracePeriodSeconds, config.shutdownGracePeriodCriticalPodsSeconds)

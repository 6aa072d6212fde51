// What matters of the kinds that say who may do what, and of those by which a cluster runs itself.
import type { CustomResourceDefinition } from '../../shared/api/apiextensions/v1.ts'
import type { APIService } from '../../shared/api/apiregistration/v1.ts'
import type { CertificateSigningRequest } from '../../shared/api/certificates/v1.ts'
import type { Lease } from '../../shared/api/coordination/v1.ts'
import type { ServiceAccount } from '../../shared/api/core/v1.ts'
import type { EndpointSlice } from '../../shared/api/discovery/v1.ts'
import type { IngressClass } from '../../shared/api/networking/v1.ts'
import type { ClusterRole, ClusterRoleBinding, RoleBinding } from '../../shared/api/rbac/v1.ts'
import type { PriorityClass } from '../../shared/api/scheduling/v1.ts'
import { fromLabelSelector } from '../../shared/machinery/selectors.ts'
import { subjectKey } from '../access/access.ts'
import { t } from '../i18n/i18n.ts'
import { type Fact, lines, seconds, timeText } from './fact.ts'

const IS_DEFAULT_CLASS = 'ingressclass.kubernetes.io/is-default-class'

const binding = ({ roleRef, subjects = [] }: RoleBinding | ClusterRoleBinding): Fact[] => [
  [t('Grants'), `${roleRef.kind} ${roleRef.name}`],
  [t('Given to'), lines(subjects.map(subjectKey)) || t('nobody')],
]

const yesNo = (value: boolean | undefined) => (value ? t('yes') : t('no'))

export const systemReadings: Readonly<Record<string, (object: never) => Fact[]>> = {
  ClusterRole: ({ aggregationRule }: ClusterRole) => [
    [
      t('Gathered from'),
      lines((aggregationRule?.clusterRoleSelectors ?? []).map(each => fromLabelSelector(each).format())),
    ],
  ],
  RoleBinding: binding,
  ClusterRoleBinding: binding,
  ServiceAccount: ({ automountServiceAccountToken, imagePullSecrets = [], secrets = [] }: ServiceAccount) => [
    [t('Token in pods'), yesNo(automountServiceAccountToken ?? true)],
    [t('Pull secrets'), lines(imagePullSecrets.map(({ name }) => name))],
    [t('Secrets'), lines(secrets.map(({ name }) => name))],
  ],
  Lease: ({ spec }: Lease) => [
    [t('Held by'), spec.holderIdentity ?? t('no one')],
    [t('Renewed'), timeText(spec.renewTime)],
    [t('Holds for'), seconds(spec.leaseDurationSeconds)],
    [t('Taken'), timeText(spec.acquireTime)],
    [t('Changed hands'), spec.leaseTransitions],
  ],
  CertificateSigningRequest: ({ spec }: CertificateSigningRequest) => [
    [t('Signer'), spec.signerName],
    [t('Asked for by'), spec.username],
    [t('To be used for'), lines(spec.usages ?? [])],
    [t('Holds for'), seconds(spec.expirationSeconds)],
  ],
  PriorityClass: ({ value, globalDefault, preemptionPolicy, description }: PriorityClass) => [
    [t('Value'), value],
    [t('The default'), yesNo(globalDefault)],
    [t('Preemption'), preemptionPolicy ?? 'PreemptLowerPriority'],
    [t('Meant for'), description],
  ],
  IngressClass: ({ metadata, spec }: IngressClass) => [
    [t('Controller'), spec.controller],
    [t('The default'), yesNo(metadata.annotations?.[IS_DEFAULT_CLASS] === 'true')],
    [t('Parameters'), spec.parameters && `${spec.parameters.kind} ${spec.parameters.name}`],
  ],
  EndpointSlice: ({ addressType, ports = [], endpoints = [] }: EndpointSlice) => [
    [t('Addresses'), addressType],
    [
      t('Ports'),
      lines(ports.map(({ name, port, protocol }) => `${name ? `${name}: ` : ''}${port ?? ''}/${protocol ?? 'TCP'}`)),
    ],
    [
      t('Endpoints'),
      lines(
        endpoints.map(({ addresses, conditions, targetRef, nodeName }) => {
          const state = conditions?.terminating
            ? t('ending')
            : (conditions?.ready ?? true)
              ? t('ready')
              : t('not ready')
          return [addresses.join(', '), targetRef?.name, nodeName, state].filter(Boolean).join(' · ')
        }),
      ) || t('none'),
    ],
  ],
  CustomResourceDefinition: ({ spec }: CustomResourceDefinition) => [
    [t('Kind'), spec.names.kind],
    [t('Group'), spec.group],
    [t('Scope'), spec.scope],
    [
      t('Versions'),
      lines(
        spec.versions.map(({ name, served, storage, deprecated }) =>
          [name, storage && t('stored'), !served && t('not served'), deprecated && t('deprecated')]
            .filter(Boolean)
            .join(' · '),
        ),
      ),
    ],
    [t('Short names'), (spec.names.shortNames ?? []).join(', ')],
    [t('Categories'), (spec.names.categories ?? []).join(', ')],
  ],
  APIService: ({ spec }: APIService) => [
    [t('Group'), spec.group || 'core'],
    [t('Version'), spec.version],
    [
      t('Answered by'),
      spec.service ? `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}` : t('the API server itself'),
    ],
    [t('Priority'), `${spec.groupPriorityMinimum} / ${spec.versionPriority}`],
  ],
}

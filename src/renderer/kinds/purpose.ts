// What the kinds of the menu are for, in a sentence of our own: said where there is none of a kind yet.
import { type MessageKey, m } from '../i18n/i18n.ts'

/** By `kindKey`. */
export const purposes: Readonly<Record<string, MessageKey>> = {
  'nodes.v1.': m('A machine that runs pods.'),
  'pods.v1.': m('Containers that run together on one node and share an address.'),
  'deployments.v1.apps': m(
    'Keeps a number of equal pods running and replaces them step by step when something changes.',
  ),
  'statefulsets.v1.apps': m('Keeps pods that have each a name, an order and storage of their own.'),
  'daemonsets.v1.apps': m('Runs one pod on every node, or on those that are chosen.'),
  'replicasets.v1.apps': m('Keeps a number of equal pods running; mostly made by a Deployment.'),
  'jobs.v1.batch': m('Runs pods until so many of them have done their work.'),
  'cronjobs.v1.batch': m('Makes a Job again and again, by a schedule.'),
  'replicationcontrollers.v1.': m('Keeps a number of equal pods running; what ReplicaSets were made after.'),
  'configmaps.v1.': m('Settings that pods read as files or as variables.'),
  'secrets.v1.': m('Passwords, keys and certificates that pods read as files or as variables.'),
  'resourcequotas.v1.': m('Bounds what all objects of a namespace may use together.'),
  'limitranges.v1.': m(
    'Bounds what each pod, container or claim of a namespace may ask for, and says what they get by default.',
  ),
  'horizontalpodautoscalers.v2.autoscaling': m('Gives a workload more or fewer pods, by what they use.'),
  'poddisruptionbudgets.v1.policy': m('Says how many pods have to stay when nodes are drained.'),
  'priorityclasses.v1.scheduling.k8s.io': m('Says which pods come first where there is not room for all.'),
  'leases.v1.coordination.k8s.io': m('Tells who leads, or that a node is alive.'),
  'services.v1.': m('One address for pods, whichever of them are there.'),
  'endpoints.v1.': m('The addresses behind a Service, in the older form.'),
  'endpointslices.v1.discovery.k8s.io': m('The addresses behind a Service.'),
  'ingresses.v1.networking.k8s.io': m('Leads requests from outside to Services, by host and path.'),
  'ingressclasses.v1.networking.k8s.io': m('Names the program that serves Ingresses.'),
  'networkpolicies.v1.networking.k8s.io': m('Says who may connect to pods, and where pods may connect to.'),
  'persistentvolumeclaims.v1.': m('Asks for storage that stays when pods come and go.'),
  'persistentvolumes.v1.': m('A piece of storage of the cluster, taken by a claim.'),
  'storageclasses.v1.storage.k8s.io': m('Says how storage is made for claims.'),
  'namespaces.v1.': m('A part of the cluster with names, rights and bounds of its own.'),
  'events.v1.': m('What happened lately, and to what.'),
  'serviceaccounts.v1.': m('Who a pod is when it asks the API server.'),
  'roles.v1.rbac.authorization.k8s.io': m('A set of rights within a namespace.'),
  'rolebindings.v1.rbac.authorization.k8s.io': m(
    'Gives the rights of a role to users, groups or service accounts within a namespace.',
  ),
  'clusterroles.v1.rbac.authorization.k8s.io': m(
    'A set of rights that can be given in one namespace or in all of the cluster.',
  ),
  'clusterrolebindings.v1.rbac.authorization.k8s.io': m(
    'Gives the rights of a role to users, groups or service accounts in all of the cluster.',
  ),
  'customresourcedefinitions.v1.apiextensions.k8s.io': m('Teaches the cluster a kind of its own.'),
}

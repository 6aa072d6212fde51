// Why something is not well: clauses without an end, joined by a colon or by „, denn“, so that their verb stands second.

export const why = {
  'Why?': 'Warum?',
  'open {kind}': '{kind} öffnen',
  'Last lines of {container}, previous run': 'Letzte Zeilen von {container}, voriger Lauf',
  'Last lines of {container}': 'Letzte Zeilen von {container}',
  '{text} (and {n} more likewise)': '{text} (und {n} weitere ebenso)',
  and: 'und',
  nothing: 'nicht benannt',

  // Where a fact was read
  'event {reason}': 'Event {reason}',
  'event Unhealthy': 'Event Unhealthy',
  'container status': 'Status des Containers',
  'termination message': 'Abschlussmeldung',
  'condition {text}': 'Zustand {text}',
  'condition Ready': 'Zustand Ready',
  'the machine is reached: its agent does not run, or not well':
    'der Rechner ist erreichbar: Sein Agent läuft nicht oder nicht richtig',
  'by hand, on {node}': 'von Hand, auf {node}',
  'see whether the machine is on and reaches the API server, and what its agent writes: systemctl status flotilla-agent and journalctl -u flotilla-agent, or the same of kubelet':
    'nachsehen, ob der Rechner läuft und den API-Server erreicht, und was sein Agent schreibt: systemctl status flotilla-agent und journalctl -u flotilla-agent, oder dasselbe von kubelet',
  'condition Progressing': 'Zustand Progressing',
  'condition Failed': 'Zustand Failed',
  'condition ReplicaFailure': 'Zustand ReplicaFailure',
  'pod status': 'Status des Pods',
  'pod template': 'Pod-Vorlage',
  'container ports': 'Ports der Container',
  'requests of the pods on it': 'Anforderungen seiner Pods',
  '{type} is {status}': '{type} ist {status}',

  // What can be done
  'Edit {what} in {kind} {name}': '{kind} {name} bearbeiten: {what}',
  'Edit {kind} {name}': '{kind} {name} bearbeiten',
  'Create {kind} {name}': '{kind} {name} anlegen',
  'Open {kind} {name}': '{kind} {name} öffnen',
  'Logs of the run that ended': 'Logs des beendeten Laufs',
  'the image': 'Image',
  'the reference': 'Verweis',
  'the container': 'Container',
  'the command': 'Befehl',
  'the memory limit': 'Speicherlimit',
  'the probe': 'Probe',
  'the requests': 'Anforderungen',
  'the replicas': 'Replikate',
  'the tolerations': 'Tolerations',
  'the node selector': 'Node-Selektor',
  'the affinity': 'Affinität',
  'the spread constraints': 'Topology Spread Constraints',
  'the host ports': 'Host-Ports',
  'the volumes': 'Volumes',
  'Edit the finalizers': 'Finalizer bearbeiten',
  'Edit the autoscaler': 'Autoscaler bearbeiten',
  'Look at host {name}': 'Host {name} ansehen',
  'connection to host {name}': 'Verbindung zu Host {name}',
  'Make {name} the default': '{name} zur Vorgabe machen',
  'Claims that name no class get their volumes from it, this one included.':
    'Claims, die keine Klasse nennen, erhalten ihre Volumes von ihr, auch dieser.',
  'Drain it': 'Leeren',
  'See its pods and images': 'Pods und Images ansehen',
  'Edit the claim': 'Claim bearbeiten',
  'Edit the selector': 'Selektor bearbeiten',
  'Edit the ports': 'Ports bearbeiten',
  'Edit the rules': 'Regeln bearbeiten',
  'Edit the class': 'Klasse bearbeiten',
  'Uncordon it': 'Freigeben',
  'New pods may be placed here again.': 'Neue Pods dürfen hier wieder platziert werden.',
  'Delete without waiting for the node': 'Löschen, ohne auf den Node zu warten',
  'The pod is forgotten at once. Should its node still run, so do its containers, beside their replacement.':
    'Der Pod wird sofort vergessen. Läuft sein Node noch, so laufen auch seine Container weiter, neben ihrem Ersatz.',
  'Scale it to 1': 'Auf 1 skalieren',
  'One pod is started.': 'Ein Pod wird gestartet.',
  'Raise ResourceQuota {quota}': 'ResourceQuota {quota} erhöhen',
  '{name} rolls over to the pods of revision {revision}, step by step.':
    '{name} wechselt schrittweise zu den Pods von Revision {revision}.',
  'Resume it': 'Fortsetzen',
  'Changes made meanwhile roll out now.': 'Inzwischen gemachte Änderungen werden jetzt ausgerollt.',
  'Its pods are made now.': 'Seine Pods werden jetzt angelegt.',
  'It runs again at its next time.': 'Er läuft zum nächsten Zeitpunkt wieder.',

  // Containers
  'init container': 'Init-Container',
  container: 'Container',
  'the registry of image {image} cannot be reached': 'die Registry von Image {image} ist nicht erreichbar',
  'the registry does not give image {image} without a valid pull secret':
    'die Registry gibt Image {image} nicht ohne gültiges Pull-Secret heraus',
  'image {image} does not exist in its registry': 'Image {image} gibt es in seiner Registry nicht',
  '“{image}” is not a valid image name': '„{image}“ ist kein gültiger Image-Name',
  'image {image} is not on the node and its pull policy is Never':
    'Image {image} ist nicht auf dem Node und seine Pull-Policy ist Never',
  'image {image} cannot be pulled': 'Image {image} lässt sich nicht laden',
  '{kind} {name}, which {of} needs, does not exist in {namespace}':
    '{kind} {name}, nötig für {of}, gibt es in {namespace} nicht',
  '{kind} {name}, which {use} needs, does not exist in {namespace}':
    '{kind} {name}, nötig für {use}, gibt es in {namespace} nicht',
  '{kind} {name} has no key {key}, which {of} needs': '{kind} {name} hat keinen Schlüssel {key}, nötig für {of}',
  '{of} cannot be configured': '{of} lässt sich nicht konfigurieren',
  'the command {command} of {of} cannot be run': 'der Befehl {command} von {of} ist nicht ausführbar',
  '{of} cannot be started': '{of} lässt sich nicht starten',
  '{of} keeps ending': '{of} endet immer wieder',
  '{of} was killed for using more memory than the node has':
    '{of} wurde beendet, weil mehr Speicher gebraucht wurde, als der Node hat',
  '{of} was killed for using more memory than its limit of {limit}':
    '{of} wurde beendet, weil mehr Speicher gebraucht wurde als das Limit von {limit}',
  '{of} is killed since its {probe} probe fails': '{of} wird beendet, da die Probe {probe} fehlschlägt',
  'the command of {of} is not found (exit code {code})': 'der Befehl von {of} wird nicht gefunden (Exit-Code {code})',
  'the command of {of} is not executable (exit code {code})':
    'der Befehl von {of} ist nicht ausführbar (Exit-Code {code})',
  '{of} ends by itself without an error, although it should keep running':
    '{of} endet von selbst ohne Fehler, obwohl er weiterlaufen sollte',
  '{of} ends with exit code {code} (signal {signal})': '{of} endet mit Exit-Code {code} (Signal {signal})',
  '{of} ends with exit code {code}': '{of} endet mit Exit-Code {code}',
  'command {command}': 'Befehl {command}',
  '{of} is not ready yet': '{of} ist noch nicht bereit',
  'the {probe} probe of {of} fails ({asked})': 'die Probe {probe} von {of} schlägt fehl ({asked})',
  'the {probe} probe of {of} has not passed yet ({asked})':
    'die Probe {probe} von {of} war noch nicht erfolgreich ({asked})',
  '{text}; it was started once | {text}; it was started {n} times':
    '{text}; gestartet wurde einmal | {text}; gestartet wurde {n}-mal',

  // Nodes
  'runs out of memory': 'hat kaum noch Arbeitsspeicher',
  'runs out of disk space': 'hat kaum noch Speicherplatz',
  'runs out of process ids': 'hat kaum noch Prozess-IDs',
  'has no working pod network': 'hat kein funktionierendes Pod-Netzwerk',
  'node {name} has not been heard of{since}': 'Node {name} hat sich nicht mehr gemeldet{since}',
  'node {name} says that it is not ready': 'Node {name} meldet, nicht bereit zu sein',
  'node {name} {state}': 'Node {name} {state}',
  'node {name} is cordoned: it takes no new pods': 'Node {name} ist gesperrt: Er nimmt keine neuen Pods an',

  // Any kind
  'namespace {name} is being deleted and is not empty yet': 'Namespace {name} wird gelöscht und ist noch nicht leer',
  'autoscaler {name} cannot work': 'Autoscaler {name} kann nicht arbeiten',
  '{kind} {name} is being deleted and waits for {finalizers}':
    '{kind} {name} wird gelöscht und wartet auf {finalizers}',
  '{kind} {name} is not {type}': '{kind} {name} ist nicht {type}',

  // Placement
  '{more} more ({free} free, {wanted} asked for)': '{more} mehr ({free} frei, {wanted} angefordert)',
  '{name} would need {lacks}': '{name} bräuchte {lacks}',
  'no node has enough {name} left': 'kein Node hat noch genug {name}',
  room: 'Platz',
  'every node has as many pods as it may have': 'jeder Node hat schon so viele Pods, wie er haben darf',
  'the nodes have a taint {taint} that the pod does not tolerate':
    'die Nodes haben einen Taint {taint}, den der Pod nicht toleriert',
  'the nodes have a taint that the pod does not tolerate': 'die Nodes haben einen Taint, den der Pod nicht toleriert',
  'the nodes are cordoned': 'die Nodes sind gesperrt',
  'no node has the labels that the pod selects': 'kein Node hat die Labels, die der Pod verlangt',
  'pods that it must not share a node with are on every node':
    'auf jedem Node sind Pods, mit denen er keinen Node teilen darf',
  'no node runs the pods that it must be beside': 'auf keinem Node laufen die Pods, neben denen er sein muss',
  'its topology spread constraints forbid every node': 'seine Topology Spread Constraints verbieten jeden Node',
  'the host port that it wants is taken on every node': 'der gewünschte Host-Port ist auf jedem Node belegt',
  'its volume is on a node that cannot take it': 'sein Volume liegt auf einem Node, der ihn nicht aufnehmen kann',
  'pod {name} has no node yet': 'Pod {name} hat noch keinen Node',
  'its scheduling gates are not lifted ({gates})': 'seine Scheduling-Gates sind nicht aufgehoben ({gates})',
  'the scheduler has not looked at it yet': 'der Scheduler hat ihn noch nicht betrachtet',
  'the cluster has no node': 'der Cluster hat keinen Node',
  'no node fits': 'kein Node passt',

  // Pods
  'pod {name} is being deleted, and its node does not confirm that it ended':
    'Pod {name} wird gelöscht, und sein Node bestätigt sein Ende nicht',
  'pod {name} is ending; it has {seconds} seconds to do so': 'Pod {name} endet gerade; er hat {seconds} Sekunden dafür',
  'pod {name} was evicted from its node': 'Pod {name} wurde von seinem Node verdrängt',
  'pod {name} ran longer than its deadline of {seconds} seconds':
    'Pod {name} lief länger als seine Frist von {seconds} Sekunden',
  'pod {name} failed': 'Pod {name} ist fehlgeschlagen',
  'the sandbox of the pod cannot be made': 'die Sandbox des Pods lässt sich nicht anlegen',
  'a volume of the pod cannot be mounted': 'ein Volume des Pods lässt sich nicht einhängen',
  'pod {name} is on node {nodeName}, which is not well': 'Pod {name} ist auf Node {nodeName}, der nicht in Ordnung ist',
  'is in a crash loop': 'ist in einer Absturzschleife',
  'is not ready': 'ist nicht bereit',
  'does not start': 'startet nicht',
  'pod {name} {state}': 'Pod {name} {state}',
  'pod {name} does not start': 'Pod {name} startet nicht',
  'pod {name} waits for its volumes': 'Pod {name} wartet auf seine Volumes',
  'pod {name} waits for its readiness gate {conditionType}':
    'Pod {name} wartet auf sein Readiness-Gate {conditionType}',
  'pod {name} is starting': 'Pod {name} startet gerade',

  // Storage
  'volume {volumeName} of claim {name} is gone': 'Volume {volumeName} von Claim {name} ist weg',
  'claim {name} has no volume': 'Claim {name} hat kein Volume',
  '{amount} of {what}': '{amount} {what}',
  'It asks for {wants}, {accessModes}.': 'Er verlangt {wants}, {accessModes}.',
  'a volume': 'ein Volume',
  '{pending}, names no storage class, and the cluster has no default one':
    '{pending}, nennt keine StorageClass, und der Cluster hat keine voreingestellte',
  '{pending}: storage class {name} does not exist': '{pending}: StorageClass {name} gibt es nicht',
  '{pending} yet: it is made when a pod uses the claim': '{pending}: Es entsteht erst, wenn ein Pod den Claim benutzt',
  '{pending}: no volume that exists fits it': '{pending}: Kein vorhandenes Volume passt',

  // Services and ingresses
  '{kind} {name} behind it is scaled to 0': '{kind} {name} dahinter ist auf 0 skaliert',
  'pod {name} behind it has ended': 'Pod {name} dahinter ist beendet',
  '{kind} {name} has no pods': '{kind} {name} hat keine Pods',
  'no pod has the labels that its selector asks for ({selector})':
    'kein Pod hat die Labels, die sein Selektor verlangt ({selector})',
  'Pods of {kind} {name} have {labels}.': 'Pods von {kind} {name} haben {labels}.',
  'no labels': 'keine Labels',
  'no container behind it has a port called {targetPort}': 'kein Container dahinter hat einen Port namens {targetPort}',
  'Their ports are called {names}.': 'Ihre Ports heißen: {names}.',
  'service {name} has no endpoint that is ready': 'Service {name} hat keinen bereiten Endpunkt',
  'service {name} reaches {ready} of {n} pods': 'Service {name} erreicht {ready} von {n} Pods',
  'service {name}, where {where} leads, does not exist': 'Service {name}, zu dem {where} führt, existiert nicht',
  'nothing answers at {where}': 'unter {where} antwortet nichts',
  'any other path': 'jeder andere Pfad',
  'ingress class {wanted} does not exist': 'IngressClass {wanted} gibt es nicht',
  'ingress {name} does not serve all it should': 'Ingress {name} bedient nicht alles, was er soll',

  // Workloads
  'resource quota {quota} of namespace {namespace} leaves no room for another pod':
    'ResourceQuota {quota} von Namespace {namespace} lässt keinen Platz für einen weiteren Pod',
  'service account {account} does not exist': 'ServiceAccount {account} gibt es nicht',
  'its pods are refused by the API server': 'der API-Server lehnt seine Pods ab',
  'deployment {name} is paused': 'Deployment {name} ist angehalten',
  'deployment {name} has no replica set yet': 'Deployment {name} hat noch kein ReplicaSet',
  'deployment {name} is rolling out; {reason}': 'Deployment {name} wird ausgerollt; {reason}',
  'deployment {name} has too few replicas; {reason}': 'Deployment {name} hat zu wenige Replikate; {reason}',
  'revision {current} of deployment {name} does not come up ({serving} pods of an older one still serve)':
    'Revision {current} von Deployment {name} kommt nicht hoch ({serving} Pods einer älteren dienen noch)',
  'deployment {name} has {available} of {all} pods available':
    'Deployment {name} hat {available} von {all} Pods verfügbar',
  'replica set {name} has {ready} of {all} pods ready': 'ReplicaSet {name} hat {ready} von {all} Pods bereit',
  'stateful set {name} has {ready} of {all} pods ready': 'StatefulSet {name} hat {ready} von {all} Pods bereit',
  'Pods are made in order: each waits until those before it are ready.':
    'Pods entstehen der Reihe nach: Jeder wartet, bis die vor ihm bereit sind.',
  'daemon set {name} is ready on {ready} of {all} nodes': 'DaemonSet {name} ist auf {ready} von {all} Nodes bereit',
  'job {name} is suspended': 'Job {name} ist ausgesetzt',
  'gave up after {failed} failed pods': 'hat nach {failed} fehlgeschlagenen Pods aufgegeben',
  'ran longer than its deadline of {seconds} seconds': 'lief länger als seine Frist von {seconds} Sekunden',
  'job {name} {state}': 'Job {name} {state}',
  failed: 'ist fehlgeschlagen',
  'job {name} has no pod that runs': 'Job {name} hat keinen laufenden Pod',
  'cron job {name} is suspended': 'CronJob {name} ist ausgesetzt',
  'the last run of cron job {name} did not succeed': 'der letzte Lauf von CronJob {name} war nicht erfolgreich',
  // What a container does not reach.
  log: 'Log',
  services: 'Services',
  'network policies': 'NetworkPolicies',
  'service {name}': 'Service {name}',
  'the DNS of the cluster': 'das DNS des Clusters',
  'it asks for {host}, and there is no service {name} in namespace {namespace}':
    'er fragt nach {host}, und im Namespace {namespace} gibt es keinen Service {name}',
  'it asks for {host}, a name that DNS does not know': 'er fragt nach {host}, einem Namen, den das DNS nicht kennt',
  'From here, service {name} of namespace {namespace} is called {full}.':
    'Von hier aus heißt Service {name} des Namespace {namespace} {full}.',
  'Services in {namespace} are called {names}.': 'Die Services in {namespace} heißen {names}.',
  'network policy {name} does not let it connect to {to} on port {port}':
    'NetworkPolicy {name} lässt ihn {to} auf Port {port} nicht erreichen',
  'network policy {name} of {to} does not let it in on port {port}':
    'NetworkPolicy {name} vor {to} lässt ihn auf Port {port} nicht herein',
  'service {name} has no port {port}': 'Service {name} hat keinen Port {port}',
  'Its ports are {names}.': 'Seine Ports sind {names}.',
} as const

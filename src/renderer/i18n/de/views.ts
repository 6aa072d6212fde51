// Overview, sign-in, hosts.

export const views = {
  now: 'jetzt',
  Copied: 'Kopiert',
  'Not copied': 'Nicht kopiert',
  'Copy the command': 'Befehl kopieren',
  'Loading…': 'Wird geladen …',

  // Sign-in
  'Sign in to Flotilla': 'Bei Flotilla anmelden',
  'Paste the link or the token that {part} printed. It works once, for five minutes.':
    'Link oder Token einfügen, die {part} ausgegeben hat. Gilt einmal, fünf Minuten lang.',
  'Login token': 'Anmelde-Token',
  'Signing in…': 'Anmeldung läuft …',
  'Sign in': 'Anmelden',
  'A new link: {part}': 'Ein neuer Link: {part}',
  'There is nothing at this address': 'Unter dieser Adresse ist nichts',
  'Go to the overview': 'Zur Übersicht',
  'Asking the cluster what it serves…': 'Der Cluster wird gefragt, was er anbietet …',
  'This cluster does not serve {plural}': 'Dieser Cluster bietet {plural} nicht an',
  'The kind may have been removed, or its API may not be answering.':
    'Die Art wurde vielleicht entfernt, oder ihre API antwortet nicht.',

  // Overview
  'Nodes ready': 'Nodes bereit',
  Pods: 'Pods',
  Deployments: 'Deployments',
  '{n} not ready': '{n} nicht bereit',
  '{n} under pressure': '{n} unter Druck',
  'Recent warnings': 'Neueste Warnungen',
  '{n} failing': '{n} fehlerhaft',
  '{n} node | {n} nodes': '{n} Node | {n} Nodes',
  '{amount} asked for by pods': '{amount} von Pods angefordert',
  '{n} in all namespaces': '{n} in allen Namespaces',
  'Pods by state': 'Pods nach Zustand',
  'No pods yet.': 'Noch keine Pods.',
  'Create a deployment': 'Deployment anlegen',
  'Workloads not ready': 'Nicht bereite Workloads',
  'All workloads are ready.': 'Alle Workloads sind bereit.',
  'No workloads yet.': 'Noch keine Workloads.',
  'in {namespace}': 'in {namespace}',
  'may not be listed': 'nicht einsehbar',
  'Events may not be listed.': 'Events sind nicht einsehbar.',
  'Endpoints may not be listed.': 'Endpoints sind nicht einsehbar.',
  'Nodes may not be listed.': 'Nodes sind nicht einsehbar.',
  'Pods may not be listed.': 'Pods sind nicht einsehbar.',
  'No warnings lately.': 'In letzter Zeit keine Warnungen.',
  'Use it from a terminal': 'Im Terminal verwenden',
  "kubectl, Helm and every client library work unchanged with this cluster's kubeconfig.":
    'kubectl, Helm und jede Client-Bibliothek arbeiten unverändert mit der Kubeconfig dieses Clusters.',
  'First steps': 'Erste Schritte',
  'Three steps to a working cluster': 'Drei Schritte zu einem Cluster, auf dem etwas läuft',
  'A machine to run on': 'Ein Rechner, auf dem es läuft',
  '{n} node is there. | {n} nodes are there.': '{n} Node ist da. | {n} Nodes sind da.',
  'This machine is none: {why}.': 'Dieser Rechner ist keiner: {why}.',
  'This machine joins by itself when Docker runs here.': 'Dieser Rechner tritt von selbst bei, wenn hier Docker läuft.',
  'Show nodes': 'Nodes zeigen',
  'Something that runs': 'Etwas, das läuft',
  'It starts as soon as a node is there.': 'Es startet, sobald ein Node da ist.',
  'By a form with the YAML beside it, or drop a YAML file or a folder on this window.':
    'Per Formular mit dem YAML daneben; oder eine YAML-Datei oder einen Ordner auf dieses Fenster ziehen.',
  'Your own tools': 'Eigene Werkzeuge',

  // Hosts
  '{action} {name}?': '{name}: {action}?',
  Check: 'Prüfen',
  Upgrade: 'Aktualisieren',
  'Upgrade the agent': 'Agent aktualisieren',
  'Restart the agent': 'Agent neu starten',
  'Its containers keep running.': 'Seine Container laufen weiter.',
  Repair: 'Reparieren',
  'Its pods move elsewhere, and everything that was put on the machine is taken away.':
    'Seine Pods ziehen um, und alles, was auf den Rechner gebracht wurde, wird wieder entfernt.',
  '{name}: not started': '{name}: nicht gestartet',
  'Reading the hosts…': 'Rechner werden gelesen …',
  'No hosts': 'Keine Rechner',
  '{n} host | {n} hosts': '{n} Rechner | {n} Rechner',
  Connection: 'Verbindung',
  Actions: 'Aktionen',
  'No hosts yet': 'Noch keine Rechner',
  'This cluster takes no hosts': 'Dieser Cluster nimmt keine Rechner auf',
  'Machines join another Kubernetes in its own way.':
    'In ein anderes Kubernetes kommen Rechner auf dessen eigenem Weg.',
  'Any Linux machine that you reach over SSH can be a node. Only port 22 is needed.':
    'Jeder über SSH erreichbare Linux-Rechner kann ein Node werden. Nur Port 22 ist nötig.',
  'What is done': 'Was geschieht',
  'Nothing was done to {chosen} lately.': 'Mit {chosen} geschah in letzter Zeit nichts.',
} as const

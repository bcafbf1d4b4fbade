{{- define "stateward.image" -}}
{{- if ne .Release.Namespace "stateward-system" }}
{{- fail (printf "namespace %q: certificates, rights and registration are for stateward-system: helm install --namespace stateward-system" .Release.Namespace) }}
{{- end -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

"""Rendering Go templates: what Ollama's models bring, and the language's own rules.

The templates are those of public models, shortened to what a chat without tools or answers can
reach. What is expected was worked out by hand, and compared with the prompt counts of a server.
"""

import pytest

from pipeline.models.ollama.go_template import UnsupportedTemplate, render

# Name: template, what it makes of the system message SYS and the user's USER.
MODELS = {
    "tinyllama": (
        "<|system|>\n{{ .System }}</s>\n<|user|>\n{{ .Prompt }}</s>\n<|assistant|>\n",
        "<|system|>\nSYS</s>\n<|user|>\nUSER</s>\n<|assistant|>\n",
    ),
    "tinyllama:random": (
        "{{- range .Messages }}<|{{ .Role }}|>\n{{ .Content }}</s>\n{{ end }}<|assistant|>\n",
        "<|system|>\nSYS</s>\n<|user|>\nUSER</s>\n<|assistant|>\n",
    ),
    "smollm2": (
        "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n"
        "{{ end }}<|im_start|>assistant\n",
        "<|im_start|>system\nSYS<|im_end|>\n<|im_start|>user\nUSER<|im_end|>\n"
        "<|im_start|>assistant\n",
    ),
    "llama3.2": (
        "<|start_header_id|>system<|end_header_id|>\n\n"
        "Cutting Knowledge Date: December 2023\n\n"
        "{{ if .System }}{{ .System }}\n{{- end }}\n"
        "{{- if .Tools }}When you receive a tool call response, answer the user.\n"
        "{{- end }}<|eot_id|>\n"
        "{{- range $i, $_ := .Messages }}\n"
        "{{- $last := eq (len (slice $.Messages $i)) 1 }}\n"
        '{{- if eq .Role "user" }}<|start_header_id|>user<|end_header_id|>\n'
        "{{- if and $.Tools $last }}\n\n{{ range $.Tools }}\n{{- . }}\n{{ end }}\n"
        "{{ .Content }}<|eot_id|>\n"
        "{{- else }}\n\n{{ .Content }}<|eot_id|>\n"
        "{{- end }}{{ if $last }}<|start_header_id|>assistant<|end_header_id|>\n\n{{ end }}\n"
        '{{- else if eq .Role "assistant" }}<|start_header_id|>assistant<|end_header_id|>\n'
        "{{- if .ToolCalls }}\n{{ range .ToolCalls }}\n"
        '{"name": "{{ .Function.Name }}", "parameters": {{ .Function.Arguments }}}{{ end }}\n'
        "{{- else }}\n\n{{ .Content }}\n"
        "{{- end }}{{ if not $last }}<|eot_id|>{{ end }}\n"
        "{{- end }}\n{{- end }}",
        "<|start_header_id|>system<|end_header_id|>\n\n"
        "Cutting Knowledge Date: December 2023\n\nSYS<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nUSER<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    "qwen2.5": (
        "{{- if .Messages }}\n{{- if or .System .Tools }}<|im_start|>system\n"
        "{{- if .System }}\n{{ .System }}\n{{- end }}\n"
        "{{- if .Tools }}\n\n# Tools\n{{- end }}<|im_end|>\n{{ end }}\n"
        "{{- range $i, $_ := .Messages }}\n"
        "{{- $last := eq (len (slice $.Messages $i)) 1 -}}\n"
        '{{- if eq .Role "user" }}<|im_start|>user\n{{ .Content }}<|im_end|>\n'
        '{{ else if eq .Role "assistant" }}<|im_start|>assistant\n'
        "{{ if .Content }}{{ .Content }}\n{{- end }}{{ if not $last }}<|im_end|>\n{{ end }}\n"
        "{{- end }}\n"
        '{{- if and (ne .Role "assistant") $last }}<|im_start|>assistant\n{{ end }}\n'
        "{{- end }}\n{{- else }}\n"
        "{{- if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n{{ end }}"
        "{{ if .Prompt }}<|im_start|>user\n{{ .Prompt }}<|im_end|>\n{{ end }}"
        "<|im_start|>assistant\n{{ end }}{{ .Response }}{{ if .Response }}<|im_end|>{{ end }}",
        "<|im_start|>system\nSYS<|im_end|>\n<|im_start|>user\nUSER<|im_end|>\n"
        "<|im_start|>assistant\n",
    ),
    "gemma2": (
        "<start_of_turn>user\n{{ if .System }}{{ .System }} {{ end }}{{ .Prompt }}<end_of_turn>\n"
        "<start_of_turn>model\n{{ .Response }}<end_of_turn>\n",
        "<start_of_turn>user\nSYS USER<end_of_turn>\n<start_of_turn>model\n",
    ),
    "gemma, as found for imported models": (
        '{{- $system := "" }}\n{{- range .Messages }}\n{{- if eq .Role "system" }}\n'
        "{{- if not $system }}{{ $system = .Content }}\n"
        '{{- else }}{{ $system = printf "%s\\n\\n%s" $system .Content }}\n{{- end }}\n'
        "{{- continue }}\n"
        '{{- else if eq .Role "user" }}<start_of_turn>user\n'
        '{{- if $system }}\n{{ $system }}\n{{- $system = "" }}\n{{- end }}\n'
        '{{- else if eq .Role "assistant" }}<start_of_turn>model\n{{- end }}\n'
        "{{ .Content }}<end_of_turn>\n{{ end }}<start_of_turn>model\n",
        "<start_of_turn>user\nSYS\nUSER<end_of_turn>\n<start_of_turn>model\n",
    ),
    "mistral": (
        "{{- if .Messages }}\n{{- range $index, $_ := .Messages }}\n"
        '{{- if eq .Role "user" }}\n'
        "{{- if and (eq (len (slice $.Messages $index)) 1) $.Tools }}[AVAILABLE_TOOLS] "
        "{{ $.Tools }}[/AVAILABLE_TOOLS]\n"
        "{{- end }}[INST] {{ if and $.System (eq (len (slice $.Messages $index)) 1) }}"
        "{{ $.System }}\n\n{{ end }}{{ .Content }}[/INST]\n"
        '{{- else if eq .Role "assistant" }} {{ .Content }}</s>\n{{- end }}\n{{- end }}\n'
        "{{- else }}[INST] {{ if .System }}{{ .System }}\n\n{{ end }}{{ .Prompt }}[/INST]\n"
        "{{- end }}{{ .Response }}\n{{- if .Response }}</s>\n{{- end }}",
        "[INST] SYS\n\nUSER[/INST]",
    ),
    "phi3": (
        "{{ if .System }}<|system|>\n{{ .System }}<|end|>\n{{ end }}"
        "{{ if .Prompt }}<|user|>\n{{ .Prompt }}<|end|>\n{{ end }}"
        "<|assistant|>\n{{ .Response }}<|end|>\n",
        "<|system|>\nSYS<|end|>\n<|user|>\nUSER<|end|>\n<|assistant|>\n",
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_renders_the_templates_of_models(name):
    template, expected = MODELS[name]
    assert render(template, "SYS", "USER") == expected


# Template, what it makes of S and U.
RULES = [
    ("{{.System}}|{{ .Prompt }}", "S|U"),
    ("a \n{{- .System -}}\n b", "aSb"),
    ("a {{- /* }} a comment */ -}} b{{/* another */}} c", "ab c"),
    ('{{ "}}" }}{{ `raw \\n` }}{{ "\\n\\"" }}', '}}raw \\n\n"'),
    ("{{ if .None }}a{{ else if .System }}b{{ else }}c{{ end }}", "b"),
    ("{{ if not .System }}a{{ else if .None }}b{{ else }}c{{ end }}", "c"),
    ("{{ with .System }}{{ . }}{{ $.Prompt }}{{ else }}no{{ end }}", "SU"),
    ("{{ with .None }}{{ . }}{{ else }}no{{ end }}", "no"),
    ("{{ range .None }}a{{ else }}none{{ end }}", "none"),
    ("{{ range $m := .Messages }}{{ $m.Role }},{{ end }}", "system,user,"),
    ("{{ range $i, $m := .Messages }}{{ $i }}{{ $m.Content }}{{ end }}", "0S1U"),
    ("{{ range .Messages }}{{ .Role }}{{ break }}never{{ end }}.", "system."),
    ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ end }}{{ $x }}", "2"),
    ("{{ if $x := .System }}{{ $x }}{{ end }}", "S"),
    ("{{ (index .Messages 1).Content }}", None),
    ("{{ $m := index .Messages 1 }}{{ $m.Content }}", "U"),
    ("{{ len .Messages }}{{ .Messages | len }}{{ eq 2 (len .Messages) }}", "22true"),
    ('{{ eq .System "a" "S" }}{{ ne .System "S" }}', "truefalse"),
    ("{{ and .System .None }}", None),
    ("{{ or .None .System }}{{ and .System .Prompt }}", "SU"),
    ("{{ if and .None (index .None 5) }}a{{ end }}b", "b"),
    ("{{ if gt (len .Messages) 1 }}many{{ end }}", "many"),
    # A template for one turn ends where the answer stands; one with messages does not.
    ("{{ .Prompt }}{{ if .Response }}a{{ end }}[{{ .Response }}]", "U["),
    ("{{ .Prompt }}{{ if true }}({{ .Response }}){{ end }}]", "U("),
    ("{{ range .Messages }}{{ .Content }}{{ end }}[{{ .Response }}]", "SU[]"),
]


@pytest.mark.parametrize(("template", "expected"), RULES)
def test_follows_the_rules_of_the_language(template, expected):
    if expected is None:
        with pytest.raises(UnsupportedTemplate):
            render(template, "S", "U")
    else:
        assert render(template, "S", "U") == expected


@pytest.mark.parametrize(
    "template",
    [
        "{{ .System",
        "{{ if .System }}no end",
        "{{ end }}",
        "{{ if .System }}{{ else }}{{ else }}{{ end }}",
        "{{ }}",
        "{{ .None }}",
        "{{ .Messages }}",
        "{{ $unknown }}",
        "{{ $unknown = 1 }}",
        "{{ currentDate }}",
        "{{ json .Messages }}",
        '{{ template "name" }}',
        "{{ .System | .Prompt }}",
        "{{ (.System }}",
        "{{ .System .Prompt }}",
        "{{ System := .Prompt }}",
        "{{ index .Messages 2 }}",
        "{{ slice .Messages 3 }}",
        "{{ eq 1 .System }}",
        '{{ printf "%d" 1 }}',
        "{{ 1.5 }}",
        "{{ 'c' }}",
        "{{ range .System }}{{ end }}",
        "{{ range .Messages }}{{ .Unknown }}{{ end }}",
        "{{ continue }}",
        "{{ if .Think }}/think{{ end }}",
    ],
)
def test_refuses_what_it_cannot_render_with_certainty(template):
    with pytest.raises(UnsupportedTemplate):
        render(template, "S", "U")


def test_texts_are_not_read_as_templates():
    text = "{{ .System }} {{- end }} \\n <|user|>"
    template, _ = MODELS["smollm2"]
    assert f"user\n{text}<|im_end|>" in render(template, "S", text)

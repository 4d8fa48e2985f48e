"""The families, and other configurations of each than those of the golden files.

A row is: what is unusual about it, what differs from the family's base, how it is saved.
"""

from transformers import (
    BertConfig, BertForMaskedLM, BertForPreTraining, BertModel, DistilBertConfig, DistilBertForMaskedLM,
    DistilBertModel, GPT2Config, GPT2LMHeadModel, GPT2Model, LlamaConfig, LlamaForCausalLM, LlamaModel,
    MarianConfig, MarianMTModel, MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM,
    Qwen3Config, Qwen3ForCausalLM, Qwen3Model,
)

# No token that ends a text: greedy continuations are as long as asked for.
NONE = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}

GPT2 = {"vocab_size": 211, "n_positions": 64, "n_embd": 48, "n_layer": 3, "n_head": 4, **NONE}
LLAMA = {
    "vocab_size": 199, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 3,
    "num_attention_heads": 6, "num_key_value_heads": 6, "max_position_embeddings": 64, **NONE,
}
MISTRAL = {**LLAMA, "num_key_value_heads": 2, "sliding_window": 4096}
QWEN = {**LLAMA, "num_key_value_heads": 3}
BERT = {
    "vocab_size": 201, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 3,
    "num_attention_heads": 4, "max_position_embeddings": 40, **NONE, "pad_token_id": 0,
}
DISTILBERT = {
    "vocab_size": 187, "dim": 48, "hidden_dim": 96, "n_layers": 3, "n_heads": 4,
    "max_position_embeddings": 40, **NONE, "pad_token_id": 0,
}
MARIAN = {
    "vocab_size": 190, "d_model": 48, "encoder_layers": 2, "decoder_layers": 3,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 96,
    "decoder_ffn_dim": 80, "max_position_embeddings": 64, "activation_function": "swish",
    "scale_embedding": True, "decoder_start_token_id": 0, "pad_token_id": 0, "bos_token_id": None,
    "eos_token_id": 1, "forced_eos_token_id": None,
}

LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
    "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
}
LINEAR = {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}


def theta(value):
    return {"rope_parameters": {"rope_type": "default", "rope_theta": value}}


# How a model may be saved.
WIDTHS = [
    ("bfloat16", {}, {"dtype": "bfloat16"}),
    ("float16, shards", {}, {"dtype": "float16", "shard": "20KB"}),
    ("shards", {}, {"shard": "40KB"}),
]

# What says whether source and target have one table of embeddings; a refusal has to name one of these.
SHARED = ["share_encoder_decoder_embeddings", "decoder_vocab_size"]

GATES = [("hidden_act " + name, {"hidden_act": name}, {}) for name in ("gelu", "gelu_pytorch_tanh", "relu")]

FAMILIES = {
    "gpt2": ("decoder", GPT2Config, GPT2LMHeadModel, GPT2, [
        ("as it comes", {}, {}),
        ("n_inner", {"n_inner": 100}, {}),
        ("n_inner = 4 · n_embd", {"n_inner": 192}, {}),
        *((f"activation {name}", {"activation_function": name}, {})
          for name in ("gelu", "gelu_fast", "gelu_pytorch_tanh", "relu", "silu", "swish")),
        ("untied", {"tie_word_embeddings": False}, {}),
        ("3 heads", {"n_head": 3}, {}),
        ("heads of 9", {"n_embd": 45, "n_head": 5}, {}),
        ("1 head, 1 layer", {"n_head": 1, "n_layer": 1}, {}),
        ("epsilon 1e-3", {"layer_norm_epsilon": 1e-3}, {}),
        ("no head, no prefix", {}, {"class": GPT2Model, "kind": "decoder"}),
        ("with its old buffers", {}, {"surplus": "gpt2"}),
        *WIDTHS,
    ]),
    "llama": ("decoder", LlamaConfig, LlamaForCausalLM, LLAMA, [
        ("as many key heads", {}, {}),
        ("grouped heads", {"num_key_value_heads": 2}, {}),
        ("multi-query", {"num_key_value_heads": 1}, {}),
        ("wide heads", {"head_dim": 16}, {}),
        ("narrow heads, grouped", {"head_dim": 6, "num_key_value_heads": 3}, {}),
        ("d_ff = 4 · d", {"intermediate_size": 192}, {}),
        ("tied", {"tie_word_embeddings": True}, {}),
        ("tied, multi-query, wide heads", {"tie_word_embeddings": True, "num_key_value_heads": 1, "head_dim": 12}, {}),
        ("attention_bias", {"attention_bias": True}, {}),
        ("mlp_bias", {"mlp_bias": True}, {}),
        ("both biases", {"attention_bias": True, "mlp_bias": True}, {}),
        ("both biases, grouped, wide, tied", {
            "attention_bias": True, "mlp_bias": True, "num_key_value_heads": 2, "head_dim": 10,
            "tie_word_embeddings": True}, {}),
        ("rope llama3", {"rope_parameters": LLAMA3}, {}),
        ("rope llama3, theta 5e5, wide heads", {"rope_parameters": {**LLAMA3, "rope_theta": 5e5}, "head_dim": 16}, {}),
        ("rope linear", {"rope_parameters": LINEAR}, {}),
        ("theta 500000", theta(500000.0), {}),
        ("theta 100", theta(100.0), {}),
        *GATES,
        ("epsilon 1e-3", {"rms_norm_eps": 1e-3}, {}),
        ("1 head, 1 layer", {"num_attention_heads": 1, "num_key_value_heads": 1, "num_hidden_layers": 1}, {}),
        ("150 tokens, grouped", {"max_position_embeddings": 150, "num_key_value_heads": 2}, {"tokens": 150}),
        ("with its old buffers", {}, {"surplus": "llama"}),
        ("tied, no head, no prefix", {"tie_word_embeddings": True}, {"class": LlamaModel}),
        ("tied, head written too", {"tie_word_embeddings": True}, {"surplus": "head"}),
        *WIDTHS,
        ("tied, bfloat16, shards", {"tie_word_embeddings": True}, {"dtype": "bfloat16", "shard": "20KB"}),
    ]),
    "mistral": ("decoder", MistralConfig, MistralForCausalLM, MISTRAL, [
        ("window beyond the text", {}, {}),
        ("window 5", {"sliding_window": 5}, {}),
        ("window 2", {"sliding_window": 2}, {}),
        ("window of the text", {"sliding_window": 17}, {}),
        ("no window", {"sliding_window": None}, {}),
        ("window 7, wide heads", {"sliding_window": 7, "head_dim": 16}, {}),
        ("window 6, multi-query, tied",
         {"sliding_window": 6, "num_key_value_heads": 1, "tie_word_embeddings": True}, {}),
        ("window 6, rope linear", {"sliding_window": 6, "rope_parameters": LINEAR}, {}),
        ("150 tokens, window 40", {"max_position_embeddings": 160, "sliding_window": 40}, {"tokens": 150}),
        ("key heads left out", {"num_attention_heads": 16, "num_key_value_heads": 8, "hidden_size": 64},
         {"config": {"num_key_value_heads": ...}}),
        ("as many key heads, theta 1e6", {"num_key_value_heads": 6, **theta(1e6)}, {}),
        *GATES[:1],
        *WIDTHS,
    ]),
    "qwen2": ("decoder", Qwen2Config, Qwen2ForCausalLM, QWEN, [
        ("untied, grouped", {}, {}),
        ("tied", {"tie_word_embeddings": True}, {}),
        ("as many key heads", {"num_key_value_heads": 6}, {}),
        ("multi-query", {"num_key_value_heads": 1}, {}),
        ("window switched off", {}, {"config": {"sliding_window": 5, "max_window_layers": 1}}),
        ("theta 1e6, epsilon 1e-5", {**theta(1e6), "rms_norm_eps": 1e-5}, {}),
        ("rope linear", {"rope_parameters": LINEAR}, {}),
        ("wide heads", {"head_dim": 16}, {}),
        *GATES[:1],
        *WIDTHS,
    ]),
    "qwen3": ("decoder", Qwen3Config, Qwen3ForCausalLM, {**QWEN, "head_dim": 8}, [
        ("heads that fill", {}, {}),
        ("wide heads", {"head_dim": 16}, {}),
        ("tied, multi-query", {"tie_word_embeddings": True, "num_key_value_heads": 1}, {}),
        ("head_dim left out", {"head_dim": 128}, {"config": {"head_dim": ...}}),
        ("attention_bias", {"attention_bias": True}, {}),
        ("attention_bias, wide heads, tied", {"attention_bias": True, "head_dim": 16, "tie_word_embeddings": True}, {}),
        ("window switched off", {}, {"config": {"sliding_window": 5, "max_window_layers": 1}}),
        ("theta 1e6, epsilon 1e-3", {**theta(1e6), "rms_norm_eps": 1e-3}, {}),
        ("rope llama3", {"rope_parameters": LLAMA3}, {}),
        ("tied, no head, no prefix", {"tie_word_embeddings": True}, {"class": Qwen3Model}),
        *GATES[:1],
        *WIDTHS,
    ]),
    "bert": ("masked_lm", BertConfig, BertForMaskedLM, BERT, [
        ("two segments", {}, {}),
        ("one segment", {"type_vocab_size": 1}, {}),
        ("three segments", {"type_vocab_size": 3}, {}),
        ("epsilon 1e-3", {"layer_norm_eps": 1e-3}, {}),
        ("gelu_new", {"hidden_act": "gelu_new"}, {}),
        ("relu", {"hidden_act": "relu"}, {}),
        ("silu", {"hidden_act": "silu"}, {}),
        ("3 heads, d_ff = 4 · d", {"num_attention_heads": 3, "intermediate_size": 192}, {}),
        ("as many positions as tokens", {"max_position_embeddings": 17}, {}),
        ("150 tokens", {"max_position_embeddings": 150}, {"tokens": 150}),
        ("with its next-sentence head", {}, {"class": BertForPreTraining}),
        ("gamma and beta", {}, {"surplus": "gamma"}),
        ("head written too", {}, {"surplus": "bert"}),
        ("encoder", {}, {"class": BertModel, "kind": "encoder"}),
        ("encoder of a masked model", {}, {"kind": "encoder"}),
        ("encoder, 1 layer, gelu_new", {"num_hidden_layers": 1, "hidden_act": "gelu_new"},
         {"class": BertModel, "kind": "encoder"}),
        *WIDTHS,
        ("encoder, float16", {}, {"class": BertModel, "kind": "encoder", "dtype": "float16"}),
    ]),
    "distilbert": ("masked_lm", DistilBertConfig, DistilBertForMaskedLM, DISTILBERT, [
        ("as it comes", {}, {}),
        ("relu", {"activation": "relu"}, {}),
        ("3 heads, hidden_dim = 4 · dim", {"n_heads": 3, "hidden_dim": 192}, {}),
        ("1 layer", {"n_layers": 1}, {}),
        ("sinusoidal_pos_embds", {"sinusoidal_pos_embds": True}, {}),
        ("head written too", {}, {"surplus": "distilbert"}),
        ("encoder", {}, {"class": DistilBertModel, "kind": "encoder"}),
        ("encoder of a masked model", {}, {"kind": "encoder"}),
        *WIDTHS,
    ]),
    "marian": ("seq2seq", MarianConfig, MarianMTModel, MARIAN, [
        ("swish", {}, {}),
        ("relu", {"activation_function": "relu"}, {}),
        ("gelu", {"activation_function": "gelu"}, {}),
        ("unscaled embeddings", {"scale_embedding": False}, {}),
        ("4 layers to 1", {"encoder_layers": 4, "decoder_layers": 1}, {}),
        ("as many layers, equal widths", {"encoder_layers": 2, "decoder_layers": 2, "decoder_ffn_dim": 96}, {}),
        ("8 heads to 3", {"encoder_attention_heads": 8, "decoder_attention_heads": 3}, {}),
        ("ffn = 4 · d and 2 · d", {"encoder_ffn_dim": 192, "decoder_ffn_dim": 96}, {}),
        ("tables of their own", {"tie_word_embeddings": False}, {"or_refused": ["tie_word_embeddings"]}),
        ("two vocabularies", {"share_encoder_decoder_embeddings": False, "decoder_vocab_size": 173},
         {"or_refused": SHARED}),
        ("nothing shared or tied", {"share_encoder_decoder_embeddings": False, "tie_word_embeddings": False},
         {"or_refused": SHARED}),
        ("150 tokens", {"max_position_embeddings": 150}, {"tokens": 150}),
        ("another start and filler", {"decoder_start_token_id": 189, "pad_token_id": 189}, {}),
        ("every name written", {}, {"surplus": "marian"}),
        *WIDTHS,
    ]),
}

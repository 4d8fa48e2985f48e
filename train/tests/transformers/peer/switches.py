"""Fields of config.json, altered: what has to be refused by name, what changes nothing, and what may be either
refused by name or honoured. In the last two cases transformers says what comes out. An error has to name one of
the names beside a patch.

The value `...` takes a field away.
"""

import json

LONG = [2.0] * 4  # one for each pair of channels of a head of 8
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}
# What says which layers have a window: an error may name any of it.
SLIDING = ["use_sliding_window", "sliding_window", "max_window_layers", "layer_types"]
KINDS_OF_LAYERS = ["full_attention", "sliding_attention", "full_attention"]
NEW = {"some_new_field": {"a": [1, 2.5, None]}, "another_new_switch": False, "transformers_version": "9.9.9"}
QUANTISED = {"quant_method": "bitsandbytes", "load_in_8bit": True}


def rope(**parameters):
    """Since transformers 5."""
    return {"rope_parameters": {"rope_theta": 10000.0, **parameters}}


def scaling(**parameters):
    """Before."""
    return {"rope_parameters": ..., "rope_theta": 10000.0, "rope_scaling": parameters}


def other_models(*names):
    return [({"model_type": name}, json.dumps(name)) for name in names]


OTHER_ROPES = [
    (rope(rope_type="dynamic", factor=2.0), '"dynamic"'),
    (rope(**YARN), '"yarn"'),
    (rope(rope_type="longrope", short_factor=LONG, long_factor=LONG, original_max_position_embeddings=16),
     '"longrope"'),
    (rope(rope_type="proportional", partial_rotary_factor=0.5), ['"proportional"', "partial_rotary_factor"]),
    (scaling(type="dynamic", factor=2.0), '"dynamic"'),
    (scaling(type="su", short_factor=LONG, long_factor=LONG), '"su"'),
    (scaling(**YARN), '"yarn"'),
    (scaling(type="mrope", mrope_section=[1, 1, 2]), ['"mrope"', "mrope_section"]),
    ({"partial_rotary_factor": 0.5}, "partial_rotary_factor"),
    (rope(rope_type="default", partial_rotary_factor=0.5), "partial_rotary_factor"),
    (rope(rope_type="linear", factor=2.0, partial_rotary_factor=0.5), "partial_rotary_factor"),
]

# Settings by kind of layer count where the config names such kinds.
NESTED = {"rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 100.0},
                              "sliding_attention": {"rope_type": "default", "rope_theta": 500.0}}}

WINDOWS = [
    (NESTED, "rope_parameters"),
    ({"use_sliding_window": True, "sliding_window": 5, "max_window_layers": 1, "layer_types": ...}, SLIDING),
    ({"use_sliding_window": True, "sliding_window": 5, "layer_types": KINDS_OF_LAYERS}, SLIDING),
    ({"layer_types": ["chunked_attention"] * 3}, "layer_types"),
    ({"layer_types": ["full_attention", "linear_attention", "full_attention"]}, "layer_types"),
]

REFUSED = {
    "every": [({"quantization_config": QUANTISED}, "quantization_config")],
    "gpt2": [
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx"),
        ({"scale_attn_weights": False}, "scale_attn_weights"),
        ({"add_cross_attention": True}, "add_cross_attention"),
        *other_models("gpt_neo", "gpt_bigcode", "gptj", "openai-gpt"),
    ],
    "llama": [
        *OTHER_ROPES,
        *other_models("mixtral", "llama4_text", "gemma", "gemma2", "phi3", "cohere", "olmo2", "granite", "smollm3",
                      "stablelm"),
        ({"model_type": "mixtral", "num_local_experts": 8}, '"mixtral"'),
    ],
    "mistral": [*OTHER_ROPES[:3], *other_models("mixtral", "ministral", "mistral3")],
    "qwen2": [*OTHER_ROPES[1:2], *WINDOWS, *other_models("qwen2_moe", "qwen2_vl")],
    "qwen3": [*OTHER_ROPES[1:2], *WINDOWS, *other_models("qwen3_moe", "qwen3_next")],
    "bert": [
        ({"position_embedding_type": "relative_key"}, "position_embedding_type"),
        ({"position_embedding_type": "relative_key_query"}, "position_embedding_type"),
        ({"is_decoder": True}, "is_decoder"),
        ({"is_decoder": True, "add_cross_attention": True}, "is_decoder"),
        ({"add_cross_attention": True}, "add_cross_attention"),
        *other_models("roberta", "electra", "albert", "nomic_bert", "modernbert", "deberta-v2"),
    ],
    "distilbert": other_models("mobilebert"),
    "marian": [*other_models("bart", "mbart", "m2m_100", "t5")],
}

OLDER_ROPES = [
    ("rope_theta at the top", {"rope_parameters": ..., "rope_theta": 500000, "rope_scaling": None}),
    ("rope_scaling linear", {**scaling(type="linear", factor=2), "rope_theta": 50000.0}),
    ("rope_scaling linear, newer", scaling(rope_type="linear", factor=2.5)),
    ("rope_scaling llama3", scaling(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                                    original_max_position_embeddings=64)),
    ("no theta at all", {"rope_parameters": ...}),
    ("rope_type missing", {"rope_parameters": {"rope_theta": 300.0}}),
    ("unknown field in rope_parameters", rope(rope_type="default", some_new_field=None)),
    ("partial_rotary_factor 1", {"partial_rotary_factor": 1.0}),
    ("partial_rotary_factor 1 in rope_parameters", rope(rope_type="linear", factor=2.0, partial_rotary_factor=1.0)),
]

SAME = {
    "every": [
        ("newer", NEW),
        ("torch_dtype", {"dtype": ..., "torch_dtype": "bfloat16"}),
        ("of transformers 3", {
            "dtype": ..., "transformers_version": ..., "gradient_checkpointing": False, "output_past": True,
            "task_specific_params": {"text-generation": {"do_sample": True}}, "_num_labels": 3,
            "id2label": {"0": "A"}, "label2id": {"A": 0}, "quantization_config": None}),
        ("auto_map", {"auto_map": {"AutoConfig": "configuration_x.XConfig"}}),
    ],
    "gpt2": [
        ("as published", {"n_ctx": 64, "tie_word_embeddings": ..., "n_inner": ..., "scale_attn_weights": ...,
                          "scale_attn_by_inverse_layer_idx": ..., "reorder_and_upcast_attn": ...,
                          "add_cross_attention": ...}),
        ("reorder_and_upcast_attn", {"reorder_and_upcast_attn": True}),
    ],
    "llama": [
        *OLDER_ROPES,
        ("as published", {"head_dim": ..., "attention_bias": ..., "mlp_bias": ..., "attention_dropout": ...,
                          "rope_parameters": ..., "rope_scaling": None}),
        ("head_dim null", {"head_dim": None}),
    ],
    "mistral": [*OLDER_ROPES[:2], ("as published", {"head_dim": ..., "sliding_window": 4096})],
    "qwen2": [
        *OLDER_ROPES[:2],
        ("as published", {"layer_types": ..., "rope_parameters": ..., "rope_theta": 1000000.0, "sliding_window": 5,
                          "use_sliding_window": False, "max_window_layers": 1}),
    ],
    "qwen3": [
        *OLDER_ROPES[:2],
        ("as published", {"layer_types": ..., "rope_parameters": ..., "rope_theta": 1000000, "sliding_window": None,
                          "use_sliding_window": False, "max_window_layers": 28, "rope_scaling": None}),
    ],
    "bert": [
        ("as published", {"gradient_checkpointing": False, "position_embedding_type": "absolute", "is_decoder": ...,
                          "add_cross_attention": ..., "tie_word_embeddings": ..., "classifier_dropout": ...}),
        ("chunk_size_feed_forward", {"chunk_size_feed_forward": 1}),
        ("pooler_fc_size", {"pooler_fc_size": 768, "pooler_type": "first_token_transform", "directionality": "bidi"}),
    ],
    "distilbert": [("as published", {"tie_weights_": True, "tie_word_embeddings": ..., "output_hidden_states": False})],
    "marian": [
        ("as published", {
            "decoder_vocab_size": ..., "share_encoder_decoder_embeddings": ..., "tie_word_embeddings": ...,
            "add_bias_logits": False, "add_final_layer_norm": False, "classif_dropout": 0.0,
            "bad_words_ids": [[189]], "normalize_before": False, "normalize_embedding": False, "num_beams": 4,
            "static_position_embeddings": True, "extra_pos_embeddings": 190, "force_bos_token_to_be_generated": False}),
    ],
}

EITHER = {
    "llama": [
        ({"pretraining_tp": 2}, "pretraining_tp"),
        ({"sliding_window": 5}, "sliding_window"),
        ({"use_sliding_window": True, "sliding_window": 5}, "sliding_window"),
        ({"layer_types": ["full_attention"] * 3}, "layer_types"),
        ({"layer_types": KINDS_OF_LAYERS, "sliding_window": 5}, SLIDING),
        (rope(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0),
         "original_max_position_embeddings"),
        ({**rope(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                 original_max_position_embeddings=64), "original_max_position_embeddings": 16},
         "original_max_position_embeddings"),
        ({"rope_theta": 100.0}, "rope_theta"),
        ({"rope_theta": 100.0, "rope_parameters": {"rope_type": "default"}}, "rope_theta"),
        ({"rope_theta": 100.0, "rope_scaling": {"type": "default"}}, "rope_"),
        ({"rope_theta": 100.0, "rope_scaling": {"type": "linear", "factor": 2.0}}, "rope_"),
        (rope(type="linear", factor=2.0), "rope_"),
        ({"rope_theta": None, "rope_parameters": {}}, "rope_"),
    ],
    "mistral": [
        ({"layer_types": ["sliding_attention"] * 3, "sliding_window": 5}, "layer_types"),
        ({"layer_types": KINDS_OF_LAYERS, "sliding_window": 5}, SLIDING),
        ({"attention_bias": True}, "attention_bias"),
        ({"use_sliding_window": False, "sliding_window": 5}, "sliding_window"),
    ],
    "qwen2": [
        ({"use_sliding_window": True, "sliding_window": 5, "max_window_layers": 0, "layer_types": ...}, SLIDING),
        ({"use_sliding_window": True, "sliding_window": 5, "max_window_layers": 3, "layer_types": ...}, SLIDING),
        ({"use_sliding_window": True, "sliding_window": None, "layer_types": ...}, SLIDING),
        ({"use_sliding_window": True, "sliding_window": 5, "layer_types": ["sliding_attention"] * 3}, SLIDING),
        ({"attention_bias": False}, "attention_bias"),
    ],
    "qwen3": [
        ({"head_dim": ...}, "head_dim"),
        ({"use_sliding_window": True, "sliding_window": 5, "max_window_layers": 0, "layer_types": ...}, SLIDING),
    ],
    "bert": [({"tie_word_embeddings": False}, "tie_word_embeddings")],
    "distilbert": [
        ({"tie_word_embeddings": False}, "tie_word_embeddings"),
        ({"tie_weights_": False}, "tie_"),
        ({"sinusoidal_pos_embds": True}, "sinusoidal_pos_embds"),
    ],
    "marian": [
        ({"add_final_layer_norm": True}, "add_final_layer_norm"),
        ({"normalize_before": True}, "normalize_before"),
        ({"normalize_embedding": True}, "normalize_embedding"),
        ({"static_position_embeddings": False}, "static_position_embeddings"),
        ({"layernorm_embedding": True}, "layernorm_embedding"),
    ],
}

ACTIVATIONS = [
    "gelu", "gelu_10", "gelu_fast", "gelu_new", "gelu_python", "gelu_pytorch_tanh", "gelu_python_tanh",
    "gelu_accurate", "hardswish", "laplace", "leaky_relu", "linear", "mish", "quick_gelu", "relu", "relu2",
    "relu6", "sigmoid", "silu", "sqrtsoftplus", "swish", "tanh",
]

# Every value in turn.
VALUES = {
    "gpt2": {"activation_function": ACTIVATIONS, "layer_norm_epsilon": [0.1], "n_positions": [64]},
    "llama": {"hidden_act": ACTIVATIONS, "rms_norm_eps": [0.1], "head_dim": [8]},
    "mistral": {"hidden_act": ["quick_gelu", "gelu_10"], "sliding_window": [1, 5, 17]},
    "qwen2": {"hidden_act": ["quick_gelu"], "sliding_window": [5, None]},
    "qwen3": {"hidden_act": ["quick_gelu"], "sliding_window": [5, None]},
    "bert": {"hidden_act": ACTIVATIONS, "layer_norm_eps": [0.1], "pad_token_id": [3, None]},
    "distilbert": {"activation": ACTIVATIONS},
    "marian": {"activation_function": ACTIVATIONS, "scale_embedding": [False], "decoder_start_token_id": [7]},
}

# What has no meaning for the numbers, and what says which class it is.
LEFT_OUT = {
    "model_type", "architectures", "transformers_version", "dtype", "initializer_range", "use_cache",
    "bos_token_id", "eos_token_id",
}

"""Torchvision's models: classification, segmentation, detection, flow, video."""
import torch
from torchvision import models as zoo
from torchvision.models import detection, optical_flow, segmentation, video

from model import Model, images

FULL = {"batches": (1, 2), "lengths": (224, 224)}
SMALL = {"batches": (1, 2), "lengths": (160, 128)}


def plain(build, **options):
    return lambda: build(weights=None, **options)


class WithoutZero(torch.nn.Module):
    """Swin V2 clears a part of its biases by zero_, which PyTorch 1.13 cannot export; here that part stays."""

    def __init__(self):
        super().__init__()
        self.model = zoo.swin_v2_t(weights=None)

    def forward(self, x):
        zero = torch.Tensor.zero_
        torch.Tensor.zero_ = lambda t: t
        try:
            return self.model(x)
        finally:
            torch.Tensor.zero_ = zero


def segmenter(build):
    return lambda: build(weights=None, weights_backbone=None, num_classes=6)


class Detector(torch.nn.Module):
    """Boxes, scores and labels of one image; weights are such that scores differ by more than rounding."""

    def __init__(self, build, heads, gain, head_gain, **options):
        super().__init__()
        self.model = build(weights=None, weights_backbone=None, num_classes=6, **options)
        for module in self.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight)
                module.weight.data *= gain
        for head in heads(self.model):
            head.weight.data *= head_gain

    def forward(self, x):
        return self.model([x])


def ssdlite():
    return Detector(detection.ssdlite320_mobilenet_v3_large,
                    lambda m: [h[-1] for h in m.head.classification_head.module_list], 1, 0.2, score_thresh=0.3,
                    detections_per_img=20)


def faster_rcnn():
    return Detector(detection.fasterrcnn_mobilenet_v3_large_320_fpn, lambda m: [m.roi_heads.box_predictor.cls_score],
                    0.9, 4, box_score_thresh=0.2, box_detections_per_img=20)


def dense(build, gain, head_gain):
    return lambda: Detector(build, lambda m: [m.head.classification_head.cls_logits], gain, head_gain, min_size=160,
                            max_size=224, score_thresh=0.1, detections_per_img=20)


class Raft(torch.nn.Module):
    """Flow between two images, refined twice by a recurrent cell that looks up correlations."""

    def __init__(self):
        super().__init__()
        self.model = optical_flow.raft_small(weights=None)

    def forward(self, first, second):
        return self.model(first, second, num_flow_updates=2)


def pair(batch, size):
    return {"first": torch.rand(batch, 3, size, size + 32), "second": torch.rand(batch, 3, size, size + 32)}


def image(batch, size):
    return {"x": torch.rand(3, size, size + 32)}


def clip(batch, size):
    return {"x": torch.randn(batch, 3, 8, size, size)}


CLASSIFIERS = ("resnet18 mobilenet_v3_small efficientnet_b0 convnext_tiny swin_t vit_b_16 densenet121 resnet50"
               " shufflenet_v2_x1_0 resnext50_32x4d vgg11 alexnet mnasnet0_5 mobilenet_v2 efficientnet_v2_s"
               " regnet_y_400mf regnet_x_400mf wide_resnet50_2 maxvit_t convnext_small").split()

MODELS = {name: Model(plain(getattr(zoo, name)), images(), **FULL) for name in CLASSIFIERS}
MODELS.update({
    "swin_v2_t": Model(WithoutZero, images(), **FULL),
    "squeezenet1_1": Model(plain(zoo.squeezenet1_1), images(), **SMALL),
    "googlenet": Model(plain(zoo.googlenet, aux_logits=False, init_weights=False), images(), **SMALL),
    "inception_v3": Model(plain(zoo.inception_v3, aux_logits=False, init_weights=False), images(),
                          batches=(1, 2), lengths=(299, 299)),
    "deeplabv3_mobilenet": Model(segmenter(segmentation.deeplabv3_mobilenet_v3_large), images(), **SMALL),
    "fcn_resnet50": Model(segmenter(segmentation.fcn_resnet50), images(), **SMALL),
    "lraspp_mobilenet": Model(segmenter(segmentation.lraspp_mobilenet_v3_large), images(), **SMALL),
    "ssdlite": Model(ssdlite, image, batches=(1, 1), lengths=(320, 288)),
    # At opset 16 torchvision 0.14 writes a RoiAlign of another meaning.
    "faster_rcnn": Model(faster_rcnn, image, batches=(1, 1), lengths=(320, 320), opset=15),
    "retinanet": Model(dense(detection.retinanet_resnet50_fpn, 0.9, 0.01), image, batches=(1, 1), lengths=(160, 160)),
    "fcos": Model(dense(detection.fcos_resnet50_fpn, 0.85, 1), image, batches=(1, 1), lengths=(160, 160)),
    "raft_small": Model(Raft, pair, batches=(1, 2), lengths=(128, 160)),
    "r3d_18": Model(plain(video.r3d_18), clip, batches=(1, 2), lengths=(64, 64)),
    "s3d": Model(plain(video.s3d), lambda batch, size: {"x": torch.randn(batch, 3, 16, size, size)},
                 batches=(1, 2), lengths=(224, 224)),
})
